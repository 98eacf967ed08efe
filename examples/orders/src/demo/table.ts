/** A line of a table: its title, and the number that a column has in it. */
export type Line<T> = readonly [title: string, read: (column: T) => number]

// That of the checker's table of messages, which stands below.
const narrowest = 22

/** Numbers side by side, a column for each run. */
export function formatTable<T>(columns: Readonly<Record<string, T>>, lines: readonly Line<T>[]): string {
  const titles = Object.keys(columns)
  const width = Math.max(narrowest, ...lines.map(([title]) => title.length))
  const row = (title: string, cells: readonly (string | number)[]): string =>
    [title.padEnd(width), ...cells.map((cell, at) => String(cell).padStart(titles[at]?.length ?? 0))].join(
      '   ',
    )
  return [
    row('', titles),
    ...lines.map(([title, read]) => row(title, Object.values(columns).map(read))),
  ].join('\n')
}
