import type { CatalogLine } from '../sql/catalog/select-tables.js'

const own = /^(table|function|type) (\w+)/

/** Lines as a file has them: what is part of a table is indented below it. */
export function formatCatalog(lines: readonly CatalogLine[]): string {
  return lines.map(({ line }) => `${own.test(line) ? '' : '  '}${line}\n`).join('')
}

/** What {@link formatCatalog} wrote. */
export function parseCatalog(file: string): CatalogLine[] {
  let object = ''
  return file
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      object = own.exec(line)?.[2] ?? object
      return { object, line: line.trimStart() }
    })
}
