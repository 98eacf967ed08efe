import { readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './interface-docs.js'

/** The cells of every row of every table of a page below `docs/`, without the rows of titles and rules. */
export function readRows(page: string): string[][] {
  return readTables(readFileSync(path.join(root, 'docs', page), 'utf8')).flat()
}

/** The rows of the first table behind the heading `heading`. */
export function readTable(page: string, heading: string): string[][] {
  const text = readFileSync(path.join(root, 'docs', page), 'utf8')
  const section = text.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`docs/${page} has no heading ${heading}`)
  return readTables(section)[0] ?? []
}

function readTables(text: string): string[][][] {
  const tables = text.match(/(^\|.*\n?)+/gm) ?? []
  return tables.map((table) => table.trim().split('\n').slice(2).map(cellsOf))
}

// A bar inside a cell is written `\|`.
function cellsOf(row: string): string[] {
  const cells = row.split(/(?<!\\)\|/).slice(1, -1)
  return cells.map((cell) => cell.replaceAll('\\|', '|').trim())
}

/** A cell that a bar cannot break. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
