// @ts-check
// Holds the tables of guards in docs/guarantees.md to scripts/guards.mjs.
//   node scripts/guard-tables.mjs            fails if they differ, or a part of the guards is in no table
//   node scripts/guard-tables.mjs --write    takes them over
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { guards } from './guards.mjs'

/** @import { Guard } from './guards.mjs' */

const page = join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs', 'guarantees.md')
// A marker with the parts of the list that protect a promise, and the table behind it once it has been written.
const marker = /<!-- guards: (.+) -->\n(?:<details>[\s\S]*?<\/details>\n)?/g

/** @param {readonly Guard[]} protectors */
function tableOf(protectors) {
  const rows = protectors.map(({ name, spec, test }) => `| ${cell(name)} | \`${spec}\`: ${cell(test)} |`)
  return [
    '<details>',
    `<summary>${protectors.length} guards, and for each the test that fails when it is taken out</summary>`,
    '',
    '| holds | test |',
    '|---|---|',
    ...rows,
    '',
    '</details>',
    '',
  ].join('\n')
}

/** @param {string} text */
function cell(text) {
  return text.replaceAll('|', '\\|')
}

/**
 * Writes the guards of the parts that each marker names behind it.
 * @param {string} text
 * @param {readonly Guard[]} all
 */
export function fillTables(text, all) {
  const left = new Set(all.map(({ part }) => part))
  const filled = text.replace(marker, (_, parts) => {
    const named = String(parts).split(', ')
    for (const part of named)
      if (!left.delete(part)) throw new Error(`no guards, or a second table, for part "${part}"`)
    return `<!-- guards: ${parts} -->\n${tableOf(all.filter(({ part }) => named.includes(part)))}`
  })
  if (left.size > 0) throw new Error(`docs/guarantees.md names no promise for: ${[...left].join(', ')}`)
  return filled
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = readFileSync(page, 'utf8')
  const filled = fillTables(text, guards)
  if (process.argv.includes('--write')) writeFileSync(page, filled)
  else if (filled !== text) {
    process.stderr.write(
      'docs/guarantees.md differs from the guards: node scripts/guard-tables.mjs --write\n',
    )
    process.exitCode = 1
  }
}
