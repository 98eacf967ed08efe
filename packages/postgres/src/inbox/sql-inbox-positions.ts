import type { InboxPositionsStore } from '@pigeonhole/core'
import { forgetInboxMessages } from '../sql/inbox-message/forget.js'
import { rewindInboxPosition } from '../sql/inbox-position/rewind.js'
import { selectAllInboxPositions } from '../sql/inbox-position/select-all.js'
import { selectForgottenUntil } from '../sql/inbox-retention/select.js'
import { run, type SqlSession } from '../sql/statement.js'

/** Runs `work` in a transaction of its own. */
type InSession = <R>(work: (session: SqlSession) => Promise<R>) => Promise<R>

/** What operators need of an inbox, over any client that runs SQL. */
export function sqlInboxPositions(inSession: InSession): InboxPositionsStore {
  return {
    listPositions: () => inSession((session) => run(session, selectAllInboxPositions, null)),
    async rewindPosition(rewind): Promise<boolean> {
      return (await inSession((session) => run(session, rewindInboxPosition, rewind))).length > 0
    },
    async forgottenUntil(inbox): Promise<Date | null> {
      const [until = null] = await inSession((session) => run(session, selectForgottenUntil, { inbox }))
      return until === null ? null : new Date(until)
    },
    async forgetMessages(inbox, ids): Promise<number> {
      return (await inSession((session) => run(session, forgetInboxMessages, { inbox, ids }))).length
    },
  }
}
