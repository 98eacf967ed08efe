// @ts-check
// Holds the code in README.md and in docs to the regions of the tested sources that it is taken from.
//   node scripts/readme-regions.mjs            fails if they differ
//   node scripts/readme-regions.mjs --write    takes them over
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const documents = ['README.md', 'docs/recipes.md', 'docs/testing.md']
// A marker, and the block of code behind it once it has been written.
const marker = /<!-- region (\S+) (\S+) -->\n(?:```ts\n[\s\S]*?```\n)?/g

/**
 * The lines of a region without their common indentation.
 * @param {string} source
 * @param {string} name
 */
export function readRegion(source, name) {
  const lines = source.split('\n')
  const first = lines.findIndex((line) => line.trim() === `// #region ${name}`)
  const length = lines.slice(first).findIndex((line) => line.trim().startsWith('// #endregion'))
  if (first < 0 || length < 0) throw new Error(`no region ${name}`)
  const region = lines.slice(first + 1, first + length)
  const indents = region.filter((line) => line.trim()).map((line) => line.length - line.trimStart().length)
  return region.map((line) => line.slice(Math.min(...indents))).join('\n')
}

/**
 * @param {string} text
 * @param {(file: string) => string} read
 */
export function fillRegions(text, read) {
  return text.replace(marker, (_, name, file) => {
    return `<!-- region ${name} ${file} -->\n\`\`\`ts\n${readRegion(read(file), name)}\n\`\`\`\n`
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const document of documents) {
    const text = readFileSync(join(root, document), 'utf8')
    const filled = fillRegions(text, (file) => readFileSync(join(root, file), 'utf8'))
    if (process.argv.includes('--write')) writeFileSync(join(root, document), filled)
    else if (filled !== text) {
      process.stderr.write(`${document} differs from its sources: node scripts/readme-regions.mjs --write\n`)
      process.exitCode = 1
    }
  }
}
