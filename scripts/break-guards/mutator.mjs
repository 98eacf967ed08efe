// @ts-check
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'

/** @import { Change, Guard } from '../guards.mjs' */

/** What is wrong with an entry of the list, as opposed to with the test that it names. */
export class UnfitGuard extends Error {}

/**
 * Takes guards out of a built tree and puts them back: in the source, which specs of the same package import, and in its
 * compiled form, which all others do.
 */
export class Mutator {
  #root
  /** @type {Map<string, ts.LanguageService>} */
  #services = new Map()
  /** Text of files as they are by now, by path. @type {Map<string, { version: number, text: string }>} */
  #files = new Map()

  /** @param {string} root */
  constructor(root) {
    this.#root = root
  }

  /**
   * Takes `guard` out and returns what puts it back.
   * @param {Guard} guard
   * @returns {() => void}
   * @throws UnfitGuard when the text is not there exactly once, or what is left is no program.
   */
  takeOut({ file, find, replace, also = [] }) {
    /** @type {(() => void)[]} */
    const restored = []
    const putBack = () => {
      for (const restore of restored.reverse()) restore()
    }
    try {
      for (const change of [{ file, find, replace }, ...also]) restored.push(this.#change(change))
      return putBack
    } catch (error) {
      putBack()
      throw error
    }
  }

  /**
   * @param {Change} change
   * @returns {() => void}
   */
  #change({ file, find, replace }) {
    const source = join(this.#root, file)
    const original = existsSync(source) ? readFileSync(source, 'utf8') : ''
    const occurrences = original.split(find).length - 1
    if (occurrences !== 1) throw new UnfitGuard(`its text is found ${occurrences} times in ${file}, not once`)
    const restoreSource = this.#write(
      source,
      original.replace(find, () => replace),
    )
    try {
      const restoreOutput = file.endsWith('.ts') ? this.#compile(file, source) : this.#copy(file, source)
      return () => {
        restoreSource()
        restoreOutput()
      }
    } catch (error) {
      restoreSource()
      throw error
    }
  }

  /**
   * @param {string} file
   * @param {string} source
   * @returns {() => void}
   */
  #compile(file, source) {
    const service = this.#serviceOf(this.#projectOf(file))
    const diagnostics = [
      ...service.getSyntacticDiagnostics(source),
      ...service.getSemanticDiagnostics(source),
    ]
    // A program that cannot run fails every test, and says nothing about this one.
    if (diagnostics[0]) throw new UnfitGuard(`without it ${file} does not compile: ${textOf(diagnostics[0])}`)
    const output = service.getEmitOutput(source).outputFiles.find(({ name }) => name.endsWith('.js'))
    if (!output) throw new UnfitGuard(`${file} is not compiled`)
    const compiled = readFileSync(output.name, 'utf8')
    writeFileSync(output.name, output.text)
    return () => writeFileSync(output.name, compiled)
  }

  // The migrations are shipped as they are.
  /**
   * @param {string} file
   * @param {string} source
   * @returns {() => void}
   */
  #copy(file, source) {
    const shipped = join(this.#root, 'packages', 'postgres', 'dist', file)
    if (!existsSync(shipped)) throw new UnfitGuard(`${file} is not shipped`)
    const original = readFileSync(shipped, 'utf8')
    copyFileSync(source, shipped)
    return () => writeFileSync(shipped, original)
  }

  /**
   * @param {string} source
   * @param {string} text
   * @returns {() => void}
   */
  #write(source, text) {
    const original = readFileSync(source, 'utf8')
    const set = (/** @type {string} */ now) => {
      writeFileSync(source, now)
      this.#files.set(source, { version: (this.#files.get(source)?.version ?? 0) + 1, text: now })
    }
    set(text)
    return () => set(original)
  }

  // What runs in a browser is a project of its own, inside that of its package.
  /** @param {string} file */
  #projectOf(file) {
    let folder = dirname(file)
    while (!existsSync(join(this.#root, folder, 'tsconfig.json'))) folder = dirname(folder)
    return folder
  }

  /** @param {string} project */
  #serviceOf(project) {
    const known = this.#services.get(project)
    if (known) return known
    const service = ts.createLanguageService(this.#hostOf(join(this.#root, project)))
    this.#services.set(project, service)
    return service
  }

  /**
   * @param {string} folder
   * @returns {ts.LanguageServiceHost}
   */
  #hostOf(folder) {
    const config = ts.readConfigFile(join(folder, 'tsconfig.json'), ts.sys.readFile)
    const {
      fileNames,
      options,
      projectReferences = [],
    } = ts.parseJsonConfigFileContent(config.config, ts.sys, folder)
    return {
      getCompilationSettings: () => ({ ...options, noUnusedLocals: false, noUnusedParameters: false }),
      getScriptFileNames: () => fileNames,
      getScriptVersion: (name) => String(this.#files.get(name)?.version ?? 0),
      getScriptSnapshot: (name) => {
        const text = this.#files.get(name)?.text ?? ts.sys.readFile(name)
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
      },
      getProjectReferences: () => projectReferences,
      getCurrentDirectory: () => folder,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
      readDirectory: ts.sys.readDirectory,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      ...(ts.sys.realpath ? { realpath: ts.sys.realpath } : {}),
    }
  }
}

/** @param {ts.Diagnostic} diagnostic */
function textOf({ messageText }) {
  return ts.flattenDiagnosticMessageText(messageText, ' ')
}
