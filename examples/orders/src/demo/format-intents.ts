import type { IntentVerdict } from './intents.js'
import { formatTable } from './table.js'

const faults: readonly (readonly [title: string, read: (verdict: IntentVerdict) => readonly string[]])[] = [
  ['missing orders', ({ missing }) => missing],
  ['duplicated orders', ({ duplicated }) => duplicated],
  ['duplicated events', ({ duplicatedEvents }) => duplicatedEvents],
  ['answers that differ', ({ differing }) => differing],
]

/** What became of intents, a column for each run. */
export function formatIntents(verdicts: Readonly<Record<string, IntentVerdict>>): string {
  return formatTable(verdicts, [
    ['intents', ({ intents }) => intents],
    ['refused, sold out', ({ refused }) => refused],
    ['orders made', ({ orders }) => orders],
    ...faults.map(([title, read]) => [title, (verdict: IntentVerdict) => read(verdict).length] as const),
    ['faults', (verdict) => verdict.faults],
  ])
}

/** An example of each kind of fault, a line each. */
export function formatIntentFaults(verdict: IntentVerdict): string[] {
  return faults.flatMap(([title, read]) => {
    const [first, ...rest] = read(verdict)
    if (first === undefined) return []
    return [`${title}: ${first}${rest.length > 0 ? `, and ${rest.length} more` : ''}`]
  })
}
