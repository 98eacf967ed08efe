import type { PageState } from './page-state.js'

/** How things stand, in a sentence. */
export interface Verdict {
  readonly text: string
  readonly isTrouble: boolean
}

const faults: Readonly<Record<string, string>> = {
  late: 'a message waits for more than 10 s',
  paused: 'a topic takes nothing',
  parked: 'messages are parked',
}

/** How things stand. It changes when that does, and not with any number: it is read out. */
export function verdictOf({ failure, found, shards }: PageState): Verdict {
  if (failure) return trouble(`The database does not answer (${failure.code}): what follows is old.`)
  if (!found) return { text: 'Reading the database.', isTrouble: false }
  const bad = shards.filter(({ state }) => state === 'halted' || state === 'waiting')
  const inboxes = new Set(found.parked.map(({ side }) => side).filter((side) => side !== 'outbox'))
  const reasons = [
    ...bad.map(({ shard, state }) => `shard ${shard} is ${state}`),
    ...found.faults.map((fault) => faults[fault] ?? fault),
    ...[...inboxes].map((inbox) => `inbox ${inbox} has parked messages`),
  ]
  if (reasons.length === 0) return { text: 'All is well.', isTrouble: false }
  return trouble(`To see to: ${reasons.join('; ')}.`)
}

function trouble(text: string): Verdict {
  return { text, isTrouble: true }
}
