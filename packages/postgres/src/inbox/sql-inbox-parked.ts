import type { InboxParkedSelection, InboxParkingStore } from '@pigeonhole/core'
import { deleteEmptyKeysOfInbox } from '../sql/parked-inbox/delete-empty-keys.js'
import { discardParkedOfInbox } from '../sql/parked-inbox/discard.js'
import { lockIdleKeys } from '../sql/parked-inbox/lock-idle-keys.js'
import { lockSelectedKeys } from '../sql/parked-inbox/lock-selected-keys.js'
import { retryParkedOfInbox } from '../sql/parked-inbox/retry.js'
import { selectGroupsOfInbox } from '../sql/parked-inbox/select-groups.js'
import { selectOneParkedOfInbox } from '../sql/parked-inbox/select-one.js'
import { selectParkedOfInbox } from '../sql/parked-inbox/select-some.js'
import { run, runForOne, type SqlSession } from '../sql/statement.js'

/** Runs `work` in a transaction of its own. */
type InSession = <R>(work: (session: SqlSession) => Promise<R>) => Promise<R>

/** What an operator does with the parked messages of an inbox, over any client that runs SQL. */
export function sqlInboxParked(inSession: InSession): InboxParkingStore {
  return {
    listInboxParking: (inbox) => inSession((session) => run(session, selectGroupsOfInbox, { inbox })),
    listInboxParkedMessages: (selection, limit) =>
      inSession((session) => run(session, selectParkedOfInbox, { selection, limit })),
    async readInboxParkedMessage(inbox, id) {
      const [found = null] = await inSession((session) => run(session, selectOneParkedOfInbox, { inbox, id }))
      return found
    },
    retryInboxParked: (selection) =>
      inSession(async (session) => {
        const { places, busy } = await lockKeys(session, selection)
        const retried = await runForOne(session, retryParkedOfInbox, { selection, places })
        return { ...retried, busy: retried.busy + busy }
      }),
    // Each statement begins behind the lock of the one before, and sees what was parked, or handled, until then.
    discardInboxParked: (selection) =>
      inSession(async (session) => {
        const { places } = await lockKeys(session, selection)
        const discard = { selection, places }
        const { emptied, ...discarded } = await runForOne(session, discardParkedOfInbox, discard)
        const idle = await run(session, lockIdleKeys, emptied)
        const { inbox } = selection
        const unblocked = await run(session, deleteEmptyKeysOfInbox, { inbox, places: idle })
        return { ...discarded, unblocked: unblocked.length }
      }),
  }
}

/** Locks the keys of selected messages, and counts those that somebody is handling. */
async function lockKeys(
  session: SqlSession,
  selection: InboxParkedSelection,
): Promise<{ readonly places: readonly string[]; readonly busy: number }> {
  const keys = await run(session, lockSelectedKeys, selection)
  const places = keys.map(({ place }) => place).filter((place) => place !== null)
  return { places, busy: (keys[0]?.meant ?? 0) - places.length }
}
