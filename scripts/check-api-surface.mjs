// @ts-check
// Holds what the packages export to the list in docs/api-surface.md, so that no export comes or goes unseen.
//   node scripts/check-api-surface.mjs            fails if they differ
//   node scripts/check-api-surface.mjs --write    takes the exports over
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const list = path.join('docs', 'api-surface.md')

/**
 * The list as it should be, from the built declarations below `root`.
 * @param {string} root
 */
export function describeSurface(root) {
  const entries = readdirSync(path.join(root, 'packages')).flatMap((folder) => entriesOf(root, folder))
  const program = ts.createProgram({
    rootNames: entries.map(({ types }) => types),
    // What a name is, a value or a type, shows without the libraries.
    options: {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      noLib: true,
      types: [],
    },
  })
  const sections = entries.map(({ name, types }) => {
    const lines = exportsOf(program, types).map((line) => `- ${line}\n`)
    return `\n## ${name}\n\n${lines.join('')}`
  })
  return `# What the packages export\n\nWritten by \`node scripts/check-api-surface.mjs --write\`, checked by \`npm run verify\`.\n${sections.join('')}`
}

/**
 * Each export path of a package, and where its types are.
 * @param {string} root
 * @param {string} folder
 * @returns {{ name: string, types: string }[]}
 */
function entriesOf(root, folder) {
  const directory = path.join(root, 'packages', folder)
  const manifest = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'))
  return Object.entries(manifest.exports).map(([subpath, { types }]) => ({
    name: path.posix.join(manifest.name, subpath),
    types: path.join(directory, types),
  }))
}

/**
 * @param {ts.Program} program
 * @param {string} file
 */
function exportsOf(program, file) {
  const source = program.getSourceFile(file)
  const checker = program.getTypeChecker()
  const module = source && checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`${file} is missing or exports nothing: build the packages first`)
  return checker
    .getExportsOfModule(module)
    .map((symbol) => (isValue(checker, symbol) ? symbol.name : `type ${symbol.name}`))
    .sort()
}

/**
 * @param {ts.TypeChecker} checker
 * @param {ts.Symbol} symbol
 */
function isValue(checker, symbol) {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  return (target.flags & ts.SymbolFlags.Value) !== 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
  const file = path.join(root, list)
  const surface = describeSurface(root)
  if (process.argv.includes('--write')) writeFileSync(file, surface)
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== surface) {
    console.error(`${list} differs from the exports: node scripts/check-api-surface.mjs --write`)
    process.exitCode = 1
  }
}
