import type { InboxParkingStore } from '@pigeonhole/core'
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
      inSession((session) => runForOne(session, retryParkedOfInbox, selection)),
    // Each statement begins behind the lock of the one before, and sees what was parked, or handled, until then.
    discardInboxParked: (selection) =>
      inSession(async (session) => {
        const keys = await run(session, lockSelectedKeys, selection)
        const discarded = await runForOne(session, discardParkedOfInbox, { selection, keys })
        const { inbox } = selection
        const idle = await run(session, lockIdleKeys, { inbox, keys })
        const unblocked = await run(session, deleteEmptyKeysOfInbox, { inbox, keys: idle })
        return { ...discarded, unblocked: unblocked.length }
      }),
  }
}
