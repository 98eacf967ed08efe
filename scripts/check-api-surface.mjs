// @ts-check
// Holds what each package exports to docs/api-surface.txt, so that a change of the public API is seen and meant.
//   node scripts/check-api-surface.mjs [--write]
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const record = path.join('docs', 'api-surface.txt')

/**
 * The record as it should be: each import path, and below it what it exports, in order.
 * @param {string} root
 * @returns {string}
 */
export function renderSurface(root) {
  return importPaths(root)
    .map(({ name, file }) => [name, ...exportsOf(root, file).map((line) => `  ${line}`), ''].join('\n'))
    .join('\n')
}

/**
 * What differs between two records, a line each.
 * @param {string} recorded
 * @param {string} found
 * @returns {string[]}
 */
export function compareSurfaces(recorded, found) {
  const [before, after] = [qualify(recorded), qualify(found)]
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ]
}

/**
 * The lines of a record, each with its import path in front.
 * @param {string} surface
 * @returns {string[]}
 */
function qualify(surface) {
  let owner = ''
  return surface
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      if (!line.startsWith(' ')) owner = line
      return line === owner ? line : `${owner}:${line.slice(1)}`
    })
}

/**
 * Every path that users import, with its source.
 * @param {string} root
 * @returns {{ readonly name: string, readonly file: string }[]}
 */
function importPaths(root) {
  const folders = readdirSync(path.join(root, 'packages')).sort()
  return folders.flatMap((folder) => {
    const manifestFile = path.join(root, 'packages', folder, 'package.json')
    if (!existsSync(manifestFile)) return []
    const manifest = JSON.parse(readFileSync(manifestFile, 'utf8'))
    return Object.entries(manifest.exports)
      .filter(([, target]) => typeof target === 'object')
      .map(([subpath, target]) => ({
        name: path.posix.join(manifest.name, subpath),
        file: path.join('packages', folder, sourceOf(target.types)),
      }))
  })
}

/**
 * The source of a declaration file: `./dist/index.d.ts` comes from `src/index.ts`.
 * @param {string} types
 */
function sourceOf(types) {
  return types.replace(/^\.\/dist\//, 'src/').replace(/\.d\.ts$/, '.ts')
}

/**
 * What a source exports, by name: `type` stands before what has no value.
 * @param {string} root
 * @param {string} file
 * @returns {string[]}
 */
function exportsOf(root, file) {
  const text = readFileSync(path.join(root, file), 'utf8')
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const names = source.statements.flatMap((statement) => exportedBy(statement, file))
  return names.sort((a, b) => bare(a).localeCompare(bare(b), 'en'))
}

/**
 * @param {ts.Statement} statement
 * @param {string} file
 * @returns {string[]}
 */
function exportedBy(statement, file) {
  if (ts.isExportDeclaration(statement)) {
    const { exportClause, isTypeOnly } = statement
    if (!exportClause) throw new Error(`${file}: name each export instead of export *`)
    if (!ts.isNamedExports(exportClause)) return [exportClause.name.text]
    return exportClause.elements.map((one) => named(one.name.text, isTypeOnly || one.isTypeOnly))
  }
  const exported = ts.canHaveModifiers(statement)
    ? ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    : false
  if (!exported) return []
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText())
  const type = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)
  const { name } = /** @type {ts.DeclarationStatement} */ (statement)
  return [named(name?.getText() ?? 'default', type)]
}

/**
 * @param {string} name
 * @param {boolean} type
 */
function named(name, type) {
  return type ? `type ${name}` : name
}

/** @param {string} line */
function bare(line) {
  return line.replace(/^type /, '')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
  const found = renderSurface(root)
  const file = path.join(root, record)
  if (process.argv.includes('--write')) writeFileSync(file, found)
  const differences = compareSurfaces(existsSync(file) ? readFileSync(file, 'utf8') : '', found)
  for (const line of differences) console.error(line)
  if (differences.length > 0) console.error(`If this is meant: node scripts/check-api-surface.mjs --write`)
  process.exitCode = differences.length === 0 ? 0 : 1
}
