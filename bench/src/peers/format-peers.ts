import type { PeerFigures } from './peers.js'

type Column = readonly [title: string, read: (figures: PeerFigures) => string]

const columns: readonly Column[] = [
  ['peer', ({ name }) => name],
  ['version', ({ version }) => version],
  ['promises', ({ promise }) => promise],
  [
    'msg/s',
    ({ drain }) => `${drain.rate}${drain.arrived < drain.messages ? ` (${drain.arrived} in time)` : ''}`,
  ],
  ['p50 ms', ({ latency }) => String(latency.p50)],
  ['p99 ms', ({ latency }) => String(latency.p99)],
  ['kill -9', ({ kill }) => String(kill.kills)],
  ['committed', ({ kill }) => String(kill.committed)],
  ['duplicated', ({ kill }) => String(kill.duplicated)],
  ['lost', ({ kill }) => String(kill.lost)],
  ['out of order', ({ kill }) => String(kill.outOfOrder)],
  ['other faults', ({ kill }) => String(kill.otherwise)],
  ['back after s', ({ kill }) => String(kill.backAfter)],
]

/** The peers as a table in Markdown, a row each. */
export function formatPeers(figures: readonly PeerFigures[]): string {
  const rows = figures.map((one) => columns.map(([, read]) => read(one)))
  const table = [columns.map(([title]) => title), columns.map(() => '---'), ...rows]
  const widths = columns.map((_, at) => Math.max(...table.map((row) => (row[at] ?? '').length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  return table.map(line).join('\n')
}
