import type { InboxRetention } from '@pigeonhole/core'
import { forgetOldIds } from '../sql/inbox-message/forget-old.js'
import { lockInboxRetention } from '../sql/inbox-retention/lock.js'
import { run, runForOne } from '../sql/statement.js'
import type { SqlInboxParts } from './sql-inbox-store.js'

/** Longest time of one transaction here, in milliseconds. */
const timeoutMs = 10_000

/** How an inbox forgets ids, over any client that runs SQL. */
export function sqlInboxRetention<Tx>({ sessionOf, transaction }: SqlInboxParts<Tx>): InboxRetention {
  return {
    forget: (inbox, terms) =>
      transaction({ timeoutMs }, async (tx) => {
        const session = await sessionOf(tx)
        // A statement that begins behind the lock sees the rewind that it has waited for.
        await run(session, lockInboxRetention, { inbox })
        return runForOne(session, forgetOldIds, { inbox, terms })
      }),
  }
}
