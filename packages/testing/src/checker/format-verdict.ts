import type { ExactlyOnceVerdict } from './check-exactly-once.js'
import type { Finding } from './finding.js'

/** How {@link formatVerdicts} names things. */
export interface VerdictWording {
  /** What handling a message leaves behind, in the plural. @default 'effects' */
  readonly effects?: string
}

type Row = readonly [title: string, read: (verdict: ExactlyOnceVerdict) => number | Finding | undefined]

/** The verdicts side by side, a column each, as a table in plain text. Names of columns are taken from the keys. */
export function formatVerdicts(
  verdicts: Readonly<Record<string, ExactlyOnceVerdict>>,
  { effects = 'effects' }: VerdictWording = {},
): string {
  const columns = Object.entries(verdicts)
  const shown = rows(effects).filter(([, read]) => columns.some(([, verdict]) => read(verdict) !== undefined))
  const cells = shown.map(([title, read]) => [title, ...columns.map(([, verdict]) => cell(read(verdict)))])
  return alignColumns([['', ...columns.map(([name]) => name)], ...cells])
}

/** How {@link formatFaults} shows them. */
export interface FaultsWording extends VerdictWording {
  /** Most lines for one kind of fault. @default 10, which is all that a verdict keeps */
  readonly examples?: number
}

/** The first examples of each kind of fault that a verdict has, a line each. Empty for a verdict without faults. */
export function formatFaults(
  verdict: ExactlyOnceVerdict,
  { effects = 'effects', examples = 10 }: FaultsWording = {},
): string[] {
  return rows(effects).flatMap(([title, read]) => {
    const found = read(verdict)
    if (found === undefined || typeof found === 'number') return []
    const lines = found.examples.slice(0, examples).map((example) => `${title}: ${example}`)
    const rest = found.count - lines.length
    return lines.map((line, at) => (rest > 0 && at === lines.length - 1 ? `${line}, and ${rest} more` : line))
  })
}

function rows(noun: string): readonly Row[] {
  return [
    ['committed', ({ log }) => log.committed],
    ['in the log', ({ log }) => log.logged],
    ['lost', ({ log }) => log.lost],
    ['invented', ({ log }) => log.invented],
    ['duplicated in the log', ({ log }) => log.duplicated],
    ['altered', ({ log }) => log.altered],
    ['out of order', ({ log }) => log.outOfOrder],
    ['keys in two partitions', ({ log }) => log.scattered],
    [`${noun} due`, ({ effects }) => effects?.expected],
    [`${noun} made`, ({ effects }) => effects?.found],
    [`missing ${noun}`, ({ effects }) => effects?.missing],
    [`invented ${noun}`, ({ effects }) => effects?.invented],
    [`duplicated ${noun}`, ({ effects }) => effects?.duplicated],
    [`altered ${noun}`, ({ effects }) => effects?.altered],
    [`${noun} out of order`, ({ effects }) => effects?.outOfOrder],
    ['faults', ({ faults }) => faults],
  ]
}

function cell(value: number | Finding | undefined): string {
  if (value === undefined) return '-'
  return String(typeof value === 'number' ? value : value.count)
}

// The first column to the left, numbers to the right.
function alignColumns(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  )
  const align = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)
  return table.map((row) => row.map(align).join('   ')).join('\n')
}
