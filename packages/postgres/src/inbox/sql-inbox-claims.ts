import type { InboxClaims } from '@pigeonhole/core'
import { claimPosition } from '../sql/inbox-claim/claim.js'
import { endMessage } from '../sql/inbox-claim/end.js'
import { finishMessage } from '../sql/inbox-claim/finish.js'
import { startMessage } from '../sql/inbox-claim/start.js'
import { waitForPosition } from '../sql/inbox-claim/wait.js'
import { run, runForOne } from '../sql/statement.js'
import type { SqlInboxParts } from './sql-inbox-store.js'

/** Longest time of a transaction that waits for a position, in milliseconds: it does so during half of it. */
const waitTimeoutMs = 10_000

/** As long a start may take: a process that has been waited for stands still meanwhile, and so do all its handlers. */
const startTimeoutMs = 2_000

/** Rolls a transaction back that has only waited. */
const waited = new Error('waited')

/** How an inbox finds the message that kills its process, over any client that runs SQL. */
export function sqlInboxClaims<Tx>({ sessionOf, inSession, transaction }: SqlInboxParts<Tx>): InboxClaims {
  return {
    claim: (inbox, position) =>
      inSession((session) => runForOne(session, claimPosition, { inbox, position })),
    wait: (inbox, position) =>
      transaction({ timeoutMs: waitTimeoutMs }, async (tx) => {
        await run(await sessionOf(tx), waitForPosition, { inbox, position })
        throw waited
      }).catch(unlessWaited),
    start: (inbox, position) =>
      transaction({ timeoutMs: startTimeoutMs }, async (tx) => {
        const [starts] = await run(await sessionOf(tx), startMessage, { inbox, position })
        return starts
      }),
    end: (inbox, position) =>
      inSession(async (session) => {
        await run(session, endMessage, { inbox, position })
      }),
    finish: (inbox, position) =>
      inSession(async (session) => {
        await run(session, finishMessage, { inbox, position })
      }),
  }
}

function unlessWaited(error: unknown): void {
  if (error !== waited) throw error
}
