// @ts-check
// Holds the signatures of what each package exports to the reports in docs/api-reports, so that a change of the public API is seen
// and meant. It reads the built declarations.
//   node scripts/check-api-surface.mjs            fails if they differ, and shows how
//   node scripts/check-api-surface.mjs --write    takes them over
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'

const reports = path.join('docs', 'api-reports')
const nothing = { logLevel: ExtractorLogLevel.None, addToApiReportFile: false }

/**
 * @typedef {{ readonly report: string, readonly folder: string, readonly types: string }} ImportPath
 * What differs between the reports and the declarations, a text each.
 * @param {string} root
 * @param {{ readonly write: boolean }} mode
 * @returns {string[]}
 */
export function compareReports(root, { write }) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'api-reports-'))
  try {
    const paths = importPaths(root)
    const differences = paths.flatMap((one) => compareReport(root, one, { write, scratch }))
    return [...differences, ...staleReports(root, paths, { write })]
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/**
 * Every path that users import, with its declarations.
 * @param {string} root
 * @returns {ImportPath[]}
 */
function importPaths(root) {
  return readdirSync(path.join(root, 'packages')).flatMap((name) => {
    const folder = path.join(root, 'packages', name)
    if (!existsSync(path.join(folder, 'package.json'))) return []
    const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
    return Object.entries(manifest.exports)
      .filter(([, target]) => typeof target === 'object')
      .map(([subpath, { types }]) => ({
        report: path.join(reports, path.posix.join(manifest.name, subpath)),
        folder,
        types,
      }))
  })
}

/**
 * @param {string} root
 * @param {ImportPath} importPath
 * @param {{ readonly write: boolean, readonly scratch: string }} mode
 */
function compareReport(root, importPath, { write, scratch }) {
  /** @type {string[]} */
  const said = []
  mkdirSync(path.join(root, path.dirname(importPath.report)), { recursive: true })
  const result = Extractor.invoke(configOf(root, importPath, scratch), {
    localBuild: write,
    printApiReportDiff: true,
    messageCallback: (message) => {
      message.handled = true
      if (message.logLevel === ExtractorLogLevel.Error || message.logLevel === ExtractorLogLevel.Warning)
        said.push(message.text)
    },
  })
  if (write && result.errorCount === 0) return []
  return said.length > 0 || !result.apiReportChanged ? said : [`${importPath.report} differs`]
}

/**
 * @param {string} root
 * @param {ImportPath} importPath
 * @param {string} scratch
 */
function configOf(root, { report, folder, types }, scratch) {
  return ExtractorConfig.prepare({
    packageJsonFullPath: path.join(folder, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: path.join(folder, types),
      newlineKind: 'lf',
      // Globals of Node, AbortSignal say, are followed only where the browser's declarations have them, too.
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2022',
            lib: ['es2023', 'dom', 'esnext.disposable'],
            module: 'nodenext',
            types: ['node'],
            typeRoots: [path.join(root, 'node_modules', '@types')],
            strict: true,
            skipLibCheck: true,
          },
          files: [types],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: path.basename(report),
        reportFolder: path.join(root, path.dirname(report)),
        reportTempFolder: scratch,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: nothing },
        // What signatures name without its being exported stands in the report.
        extractorMessageReporting: {
          default: nothing,
          'ae-forgotten-export': { logLevel: ExtractorLogLevel.None, addToApiReportFile: true },
        },
        tsdocMessageReporting: { default: nothing },
      },
    },
  })
}

/**
 * Reports of paths that are no more.
 * @param {string} root
 * @param {readonly ImportPath[]} paths
 * @param {{ readonly write: boolean }} mode
 */
function staleReports(root, paths, { write }) {
  const known = new Set(paths.map(({ report }) => `${report}.api.md`))
  const found = readdirSync(path.join(root, reports), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.join(reports, file))
  const stale = found.filter((file) => !known.has(file))
  if (!write) return stale.map((file) => `${file} is of a path that is not exported`)
  for (const file of stale) rmSync(path.join(root, file))
  return []
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
  const differences = compareReports(root, { write: process.argv.includes('--write') })
  for (const difference of differences) console.error(difference)
  if (differences.length > 0) console.error('If this is meant: node scripts/check-api-surface.mjs --write')
  process.exitCode = differences.length === 0 ? 0 : 1
}
