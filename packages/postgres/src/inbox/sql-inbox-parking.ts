import type { DueMessage, InboxParking, KillerClaim, ParkedPlace } from '@pigeonhole/core'
import { claimParkedKey } from '../sql/parked-inbox/claim-key.js'
import { claimParkedMessage } from '../sql/parked-inbox/claim-message.js'
import type { ClaimParams, ClaimRow } from '../sql/parked-inbox/claim-terms.js'
import { deleteEmptyKey } from '../sql/parked-inbox/delete-empty-key.js'
import { leaveParkedKey } from '../sql/parked-inbox/leave-key.js'
import { lockIdleKey } from '../sql/parked-inbox/lock-idle-key.js'
import { lockParkedKey } from '../sql/parked-inbox/lock-key.js'
import { lockParkedMessage } from '../sql/parked-inbox/lock-message.js'
import { noteFailure } from '../sql/parked-inbox/note-failure.js'
import { parkBehind } from '../sql/parked-inbox/park-behind.js'
import { parkFailed } from '../sql/parked-inbox/park-failed.js'
import { removeParked } from '../sql/parked-inbox/remove.js'
import { returnClaim } from '../sql/parked-inbox/return-claim.js'
import { selectOldestParked } from '../sql/parked-inbox/select-oldest.js'
import { run, type SqlSession, type Statement } from '../sql/statement.js'
import type { SqlInboxParts } from './sql-inbox-store.js'

/** What it needs of a client that runs SQL. */
type Parts<Tx> = Pick<SqlInboxParts<Tx>, 'sessionOf' | 'inSession' | 'transaction'>

/** Longest time of the transactions that run no handler, in milliseconds. */
const timeoutMs = 10_000

/** What an inbox does about messages that cannot be handled, over any client that runs SQL. */
export function sqlInboxParking<Tx>({ sessionOf, inSession, transaction }: Parts<Tx>): InboxParking<Tx> {
  return {
    async parkFailed(tx, inbox, message, how) {
      await run(await sessionOf(tx), parkFailed, { inbox, message, how })
    },
    async parkBehind(tx, inbox, messages) {
      await run(await sessionOf(tx), parkBehind, { inbox, messages })
    },
    claimDue: (inbox, terms) =>
      inSession(async (session) => {
        for (const statement of [claimParkedKey, claimParkedMessage]) {
          const claimed = await claimOne(session, statement, { inbox, terms })
          if (claimed) return claimed
        }
        return undefined
      }),
    async readDue(tx, inbox, place) {
      return readDue(await sessionOf(tx), inbox, place)
    },
    async removeDue(tx, inbox, { place: id, message }) {
      const place = { ...message, id: null }
      await run(await sessionOf(tx), removeParked, { inbox, place, id })
    },
    unblockKey: (inbox, place) =>
      transaction({ timeoutMs }, async (tx) => {
        const session = await sessionOf(tx)
        const locked = await run(session, lockIdleKey, { inbox, place })
        // What was parked before the lock was had is seen by a statement that begins behind it.
        return locked.length > 0 && (await run(session, deleteEmptyKey, { inbox, place })).length > 0
      }),
    async noteFailure(tx, inbox, due, failure) {
      await run(await sessionOf(tx), noteFailure, { inbox, due, failure })
    },
    returnClaim: (inbox, place) =>
      inSession(async (session) => {
        await run(session, returnClaim, { inbox, place })
      }),
    leaveKey: (inbox, place) =>
      inSession(async (session) => {
        await run(session, leaveParkedKey, { inbox, place })
      }),
  }
}

async function claimOne(
  session: SqlSession,
  statement: Statement<ClaimParams, ClaimRow>,
  params: ClaimParams,
): Promise<ParkedPlace | KillerClaim | 'suspect' | undefined> {
  const [row] = await run(session, statement, params)
  if (row?.found === 'killer') return { killer: row.place }
  return row?.found === 'taken' ? row.place : row?.found
}

async function readDue(
  session: SqlSession,
  inbox: string,
  place: ParkedPlace,
): Promise<DueMessage | undefined> {
  if (place.key === null) {
    const [message] = await run(session, lockParkedMessage, { inbox, id: place.id })
    return message
  }
  const [locked] = await run(session, lockParkedKey, { inbox, place })
  if (!locked) return undefined
  const [oldest] = await run(session, selectOldestParked, { inbox, place })
  return oldest && { ...oldest, ...locked }
}
