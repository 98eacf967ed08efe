import { mostStarts, type ParkedPlace } from '../ports/inbox-parking.js'
import { publishDeadLetter } from './dead-letter.js'
import type { ResolvedInboxOptions } from './inbox-options.js'

/**
 * Gives a parked message that has killed its processes to an operator: that is its failure, of which none of them could tell. One that
 * was parked behind another has not failed until now. Whoever has handled, or failed at, or been told to try it since it was claimed has
 * it. Resolves to whether anything was parked there.
 */
export async function parkKiller<Tx>(
  options: ResolvedInboxOptions<Tx>,
  place: ParkedPlace,
): Promise<boolean> {
  const { store, name, timeoutMs } = options
  return store.transaction({ timeoutMs }, async (tx) => {
    const due = await store.parking.readDue(tx, name, place)
    if (!due || due.starts <= mostStarts) return due !== undefined
    const failure = {
      code: 'MESSAGE_KILLS_PROCESS',
      error: 'each process that has started its handler has ended before that did',
      // How often since it last failed otherwise, nothing says.
      attempts: Math.max(due.attempts, mostStarts),
    }
    await store.parking.noteFailure(tx, name, due, { ...failure, waits: true })
    if (due.attempts === 0) await publishDeadLetter(options, tx, { message: due.message, failure })
    return true
  })
}
