import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { mostStarts, type ParkableMessage, type ParkedPlace } from '../ports/inbox-parking.js'
import { publishDeadLetter } from './dead-letter.js'
import type { ResolvedInboxOptions } from './inbox-options.js'
import { failureOf } from './message-fault.js'

/** A message that has been given to an operator because it kills its processes. */
export interface FoundKiller {
  readonly message: ParkableMessage
  readonly error: PigeonholeError<'MESSAGE_KILLS_PROCESS'>
}

/**
 * Gives a parked message that has killed its processes to an operator: that is its failure, of which none of them could tell. One that
 * was parked behind another has not failed until now. Whoever has handled, or failed at, or been told to try it since it was claimed has
 * it. Resolves, once that is committed, to what is to be told of.
 */
export async function parkKiller<Tx>(
  options: ResolvedInboxOptions<Tx>,
  place: ParkedPlace,
): Promise<FoundKiller | 'left to another' | 'nothing found'> {
  const { store, name, timeoutMs } = options
  return store.transaction({ timeoutMs }, async (tx) => {
    const due = await store.parking.readDue(tx, name, place)
    if (!due) return 'nothing found'
    if (due.starts <= mostStarts) return 'left to another'
    const { message } = due
    const error = parkedMessageKillsProcess(message)
    // How often since it last failed otherwise, nothing says.
    const failure = failureOf(error, Math.max(due.attempts, mostStarts))
    await store.parking.noteFailure(tx, name, due, { ...failure, waits: true })
    if (due.attempts === 0) await publishDeadLetter(options, tx, { message, failure })
    return { message, error }
  })
}

function parkedMessageKillsProcess({
  topic,
  partition,
  offset,
}: ParkableMessage): PigeonholeError<'MESSAGE_KILLS_PROCESS'> {
  return new PigeonholeError('MESSAGE_KILLS_PROCESS', {
    message: 'Each process that has started the handler of the parked message has ended before that did',
    details: { topic, partition, offset: offset === null ? null : String(offset), starts: mostStarts },
  })
}
