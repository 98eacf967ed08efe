import type { BoundTopic, InboxStore, NextPosition, ReceivedMessages, Verdict } from '@pigeonhole/core'
import type { SessionOf } from '../outbox/sql-outbox-store.js'
import { checkSchemaVersion } from '../schema/check-schema-version.js'
import { type SelectPositionsParams, selectInboxPositions } from '../sql/inbox-position/select.js'
import { bindInboxTopic } from '../sql/inbox-topic/bind.js'
import { run, runForOne, type SqlSession } from '../sql/statement.js'
import { receiveMessages } from './receive-messages.js'
import { sqlInboxClaims } from './sql-inbox-claims.js'
import { sqlInboxParking } from './sql-inbox-parking.js'
import { sqlInboxRetention } from './sql-inbox-retention.js'

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
    claims: sqlInboxClaims(parts),
    parking: sqlInboxParking(parts),
    retention: sqlInboxRetention(parts),
    async receiveMessages(tx: Tx, inbox: string, received: ReceivedMessages): Promise<Verdict[] | undefined> {
      return receiveMessages(await sessionOf(tx), inbox, received)
    },
    readPositions(inbox: string, partitions: SelectPositionsParams['partitions']): Promise<NextPosition[]> {
      return inSession((session) => run(session, selectInboxPositions, { inbox, partitions }))
    },
    async bindTopic(inbox: string, topic: string, topicId: string): Promise<BoundTopic> {
      return inSession((session) => runForOne(session, bindInboxTopic, { inbox, topic, topicId }))
    },
    checkSchema(): Promise<void> {
      return inSession((session) => checkSchemaVersion(session, schema))
    },
  }
}
