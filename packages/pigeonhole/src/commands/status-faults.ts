import type { OutboxStatus } from '@pigeonhole/core'

/** A message that is sent within this time is in time, in seconds. A halted shard, or a broker that is away, makes it late. */
const lateSeconds = 10

/** What of a status is not as it should be. `late`: a message waits for long; `paused`: a topic takes nothing; `parked`: an operator decides. */
export type StatusFault = 'late' | 'paused' | 'parked'

/** What an operator has to see to. */
export function faultsOf({ oldestAgeSeconds, parking }: OutboxStatus): readonly StatusFault[] {
  return [
    ...((oldestAgeSeconds ?? 0) > lateSeconds ? (['late'] as const) : []),
    ...(parking.pausedTopics.length > 0 ? (['paused'] as const) : []),
    ...(parking.keys + parking.messages > 0 ? (['parked'] as const) : []),
  ]
}

/** The faults as people read them: what is paused or parked has its line already. */
export function formatFaults(faults: readonly StatusFault[]): string {
  if (!faults.includes('late')) return ''
  return `\nA message waits for more than ${lateSeconds} s: the log and /readyz of the worker say why.\n`
}
