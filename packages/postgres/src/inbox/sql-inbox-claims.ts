import type { InboxClaims } from '@pigeonhole/core'
import { claimPosition } from '../sql/inbox-claim/claim.js'
import { endMessage } from '../sql/inbox-claim/end.js'
import { finishMessage } from '../sql/inbox-claim/finish.js'
import { startMessage } from '../sql/inbox-claim/start.js'
import { run, runForOne } from '../sql/statement.js'
import type { SqlInboxParts } from './sql-inbox-store.js'

/** Longest time of the transactions here, in milliseconds. A position is waited for during half of it. */
const timeoutMs = 10_000

/** How an inbox finds the message that kills its process, over any client that runs SQL. */
export function sqlInboxClaims<Tx>({ sessionOf, inSession, transaction }: SqlInboxParts<Tx>): InboxClaims {
  return {
    claim: (inbox, position) =>
      inSession((session) => runForOne(session, claimPosition, { inbox, position })),
    start: (inbox, position) =>
      transaction({ timeoutMs }, async (tx) => {
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
