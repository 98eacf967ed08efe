import type { ParkingStore } from '@pigeonhole/core'
import type { PgSessions } from '../pg/pg-sessions.js'
import { deleteEmptyKeys } from '../sql/parked-key/delete-empty.js'
import { discardParkedMessages } from '../sql/parked-message/discard.js'
import { retryParkedMessages } from '../sql/parked-message/retry.js'
import { selectParkedGroups } from '../sql/parked-message/select-groups.js'
import { selectParkedMessage } from '../sql/parked-message/select-one.js'
import { selectParkedMessages } from '../sql/parked-message/select-some.js'
import { lockRelayShards } from '../sql/relay-shard/lock-all.js'
import { run, runForOne } from '../sql/statement.js'

/** What an operator does with parked messages. */
export function sqlParkingStore(sessions: Pick<PgSessions, 'read' | 'write'>): ParkingStore {
  return {
    listParking: () => sessions.read((session) => run(session, selectParkedGroups, null)),
    listParkedMessages: (selection, limit) =>
      sessions.read((session) => run(session, selectParkedMessages, { selection, limit })),
    async readParkedMessage(id) {
      const [found = null] = await sessions.read((session) => run(session, selectParkedMessage, id))
      return found
    },
    retryParked: (selection) =>
      sessions.write(async (session) => {
        await run(session, lockRelayShards, null)
        return runForOne(session, retryParkedMessages, selection)
      }),
    // What a batch holds is seen by a statement of its own, behind the lock: the guarded transaction that it waited for may
    // have written one.
    discardParked: (selection) =>
      sessions.write(async (session) => {
        await run(session, lockRelayShards, null)
        const discarded = await runForOne(session, discardParkedMessages, selection)
        const unblocked = await run(session, deleteEmptyKeys, null)
        return { ...discarded, unblocked: unblocked.length }
      }),
  }
}
