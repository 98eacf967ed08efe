import type { InboxStore, NextPosition, Position } from '@pigeonhole/core'
import type { SessionOf } from '../outbox/sql-outbox-store.js'
import { checkSchemaVersion } from '../schema/check-schema-version.js'
import { type InboxMessage, insertInboxMessage } from '../sql/inbox-message/insert.js'
import { advanceInboxPosition } from '../sql/inbox-position/advance.js'
import { type SelectPositionsParams, selectInboxPositions } from '../sql/inbox-position/select.js'
import { run, type SqlSession } from '../sql/statement.js'

/** What an inbox needs of a client that runs SQL. */
export interface SqlInboxParts<Tx> {
  /** The schema of the tables, not quoted. */
  readonly schema: string
  readonly transaction: InboxStore<Tx>['transaction']
  readonly isUsable: InboxStore<Tx>['isUsable']
  /** A session on an open transaction. */
  readonly sessionOf: SessionOf<Tx>
  /** Runs `work` in a session of its own. */
  readonly inSession: <R>(work: (session: SqlSession) => Promise<R>) => Promise<R>
}

/** The inbox over any client that runs SQL. */
export function sqlInboxStore<Tx>(parts: SqlInboxParts<Tx>): InboxStore<Tx> {
  const { schema, sessionOf, inSession } = parts
  return {
    transaction: parts.transaction,
    isUsable: parts.isUsable,
    async advancePosition(tx: Tx, inbox: string, position: Position): Promise<boolean> {
      const moved = await run(await sessionOf(tx), advanceInboxPosition, { inbox, position })
      return moved.length > 0
    },
    async insertMessageId(tx: Tx, entry: InboxMessage): Promise<boolean> {
      const inserted = await run(await sessionOf(tx), insertInboxMessage, entry)
      return inserted.length > 0
    },
    readPositions(inbox: string, partitions: SelectPositionsParams['partitions']): Promise<NextPosition[]> {
      return inSession((session) => run(session, selectInboxPositions, { inbox, partitions }))
    },
    checkSchema(): Promise<void> {
      return inSession((session) => checkSchemaVersion(session, schema))
    },
  }
}
