import type { Actor } from './actor.js'
import { formatTable } from './table.js'

/** What was done to a run, by the conductor's own count. */
export interface Injected {
  readonly kills: number
  readonly pauses: number
  readonly deliveredTwice: number
  readonly sentTwice: number
  readonly acksLost: number
  readonly answersLost: number
  readonly clickedTwice: number
  readonly rolledBack: number
}

/** Counts what is done to a run. */
export class InjectedCount implements Injected {
  kills = 0
  pauses = 0
  deliveredTwice = 0
  sentTwice = 0
  acksLost = 0
  answersLost = 0
  clickedTwice = 0
  rolledBack = 0

  /** Resolves when each kind of fault has been seen that `actors` tell of: how soon is a matter of the machine. */
  async untilComplete(actors: readonly Actor[]): Promise<void> {
    const told = actors.map((actor) => actor.next(() => notInjected(this).length === 0))
    if (notInjected(this).length > 0) await Promise.race(told)
  }

  /** Counts what `actors` tell. */
  listen(actors: readonly Actor[]): void {
    for (const actor of actors) {
      actor.on('report', ({ says }) => {
        if (says === 'delivered twice') this.deliveredTwice += 1
        if (says === 'sent twice') this.sentTwice += 1
        if (says === 'acknowledgement lost') this.acksLost += 1
        if (says === 'answer lost') this.answersLost += 1
        if (says === 'clicked twice') this.clickedTwice += 1
        if (says === 'rolled back') this.rolledBack += 1
      })
    }
  }
}

const kinds: readonly (readonly [title: string, kind: keyof Injected])[] = [
  ['kill -9', 'kills'],
  ['paused and woken', 'pauses'],
  ['answers to a shop lost', 'answersLost'],
  ['double clicks in a shop', 'clickedTwice'],
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
  return formatTable(
    runs,
    kinds.map(([title, kind]) => [title, (injected) => injected[kind]]),
  )
}
