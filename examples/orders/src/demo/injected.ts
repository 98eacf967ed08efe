import type { Actor } from './actor.js'

/** What was done to a run, by the conductor's own count. */
export interface Injected {
  readonly kills: number
  readonly pauses: number
  readonly deliveredTwice: number
  readonly sentTwice: number
  readonly acksLost: number
  readonly rolledBack: number
}

/** Counts what is done to a run. */
export class InjectedCount implements Injected {
  kills = 0
  pauses = 0
  deliveredTwice = 0
  sentTwice = 0
  acksLost = 0
  rolledBack = 0

  /** Counts what `actors` tell. */
  listen(actors: readonly Actor[]): void {
    for (const actor of actors) {
      actor.on('report', ({ says }) => {
        if (says === 'delivered twice') this.deliveredTwice += 1
        if (says === 'sent twice') this.sentTwice += 1
        if (says === 'acknowledgement lost') this.acksLost += 1
        if (says === 'rolled back') this.rolledBack += 1
      })
    }
  }
}

const kinds: readonly (readonly [title: string, kind: keyof Injected])[] = [
  ['kill -9', 'kills'],
  ['paused and woken', 'pauses'],
  ['acknowledgements lost', 'acksLost'],
  ['sent twice by the provider', 'sentTwice'],
  ['deliveries repeated', 'deliveredTwice'],
  ['transactions rolled back', 'rolledBack'],
]

/** The kinds of fault that a run has not seen, though it was to see all. */
export function notInjected(injected: Injected): string[] {
  return kinds.filter(([, kind]) => injected[kind] === 0).map(([title]) => title)
}

/** The counts side by side, a column for each run. */
export function formatInjected(runs: Readonly<Record<string, Injected>>): string {
  const columns = Object.entries(runs)
  const line = (title: string, cells: readonly (string | number)[]): string =>
    [
      title.padEnd(26),
      ...cells.map((cell, at) => String(cell).padStart((columns[at]?.[0] ?? '').length)),
    ].join('   ')
  return [
    line(
      '',
      columns.map(([title]) => title),
    ),
    ...kinds.map(([title, kind]) =>
      line(
        title,
        columns.map(([, injected]) => injected[kind]),
      ),
    ),
  ].join('\n')
}
