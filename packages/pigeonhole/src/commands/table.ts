/** A cell that is longer makes its own line longer, and not all others. */
const widestColumn = 100

// Control characters, what turns the direction of a text or is not seen, and ends of lines. A terminal would obey them.
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu

/** Whether a terminal shows `text` as it is, on one line. */
export function isPrintable(text: string): boolean {
  return text.search(unprintable) === -1
}

/** Lines of a table whose columns are as wide as they need to be. What a terminal would obey is shown as its escape. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const shown = [head, ...rows].map((row) => row.map(escapeCell))
  const widths = head.map((_, column) => {
    const lengths = shown.map((row) => row[column]?.length ?? 0)
    return Math.max(...lengths.filter((length) => length <= widestColumn))
  })
  return shown.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function escapeCell(cell: string): string {
  return cell.replace(unprintable, (character) =>
    character === '\n' ? '\\n' : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}
