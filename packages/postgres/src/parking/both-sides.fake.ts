import type { InboxParking, InboxParkingStore, ParkingStore, ParkingTransaction } from '@pigeonhole/core'
import { sqlInboxParked } from '../inbox/sql-inbox-parked.js'
import { sqlInboxParking } from '../inbox/sql-inbox-parking.js'
import type { SqlSession } from '../sql/statement.js'
import { sqlParkingStore } from './sql-parking-store.js'
import { SqlParkingTransaction } from './sql-parking-transaction.js'

const wide = { maxRows: 100, maxBytes: 1_000_000 }

/**
 * The same topics and keys on the side of the outbox and in two inboxes, and beside each other; of some nothing but a pause holds the
 * messages. Shard 0 has the buckets up to 127, and has paused a topic.
 */
export const bothSides: string = `
  INSERT INTO pigeonhole.relay_shard (shard, first_bucket, last_bucket) VALUES (0, 0, 127), (1, 128, 255);
  INSERT INTO pigeonhole.paused_topic (shard, topic, error_code, error, retry_at)
  VALUES (0, 'paused', 'TOPIC_MISSING', 'gone', now() + interval '1 hour');
  INSERT INTO pigeonhole.parked_key (side, scope, topic, key, bucket, error_code, error)
  SELECT side, scope, topic, key::bytea, bucket, 'REFUSED', 'refused'
  FROM (VALUES
    ('outbox', '', 't', 'a', 7), ('outbox', '', 't', 'b', 7), ('outbox', '', 't', 'c', 7),
    ('outbox', '', 'u', 'a', 200), ('outbox', '', 'paused', 'b', 7),
    ('inbox', 'billing', 't', 'a', 7), ('inbox', 'billing', 't', 'd', 7), ('inbox', 'billing', 't', 'empty', 7),
    ('inbox', 'billing', 'paused', 'a', 7), ('inbox', 'audit', 't', 'a', 7)) AS given (side, scope, topic, key, bucket);
  INSERT INTO pigeonhole.parked_message
    (id, side, scope, topic, key, message_id, message_scope, bucket, headers, error_code, error, created_at)
  SELECT id, side, scope, topic, key::bytea, 'id-' || id, topic, CASE topic WHEN 'u' THEN 200 ELSE 7 END, '[]', code, 'refused', now()
  FROM (VALUES
    (1, 'outbox', '', 't', 'a', 'REFUSED'), (2, 'outbox', '', 't', 'a', NULL),
    (3, 'outbox', '', 't', 'b', 'REFUSED'), (4, 'outbox', '', 't', 'b', NULL),
    (5, 'outbox', '', 't', 'c', 'REFUSED'), (6, 'outbox', '', 't', 'c', NULL),
    (7, 'outbox', '', 'u', 'a', 'REFUSED'), (8, 'outbox', '', 't', NULL, 'REFUSED'),
    (11, 'outbox', '', 'paused', NULL, NULL), (12, 'outbox', '', 'paused', 'a', NULL),
    (13, 'outbox', '', 'paused', 'b', 'REFUSED'), (14, 'outbox', '', 'paused', NULL, 'REFUSED'),
    (21, 'inbox', 'billing', 't', 'a', 'REFUSED'), (22, 'inbox', 'billing', 't', 'a', NULL), (23, 'inbox', 'billing', 't', 'a', NULL),
    (24, 'inbox', 'billing', 't', 'd', 'REFUSED'), (25, 'inbox', 'billing', 't', NULL, 'REFUSED'),
    (26, 'inbox', 'billing', 'paused', 'a', 'REFUSED'), (31, 'inbox', 'audit', 't', 'a', 'REFUSED')
  ) AS given (id, side, scope, topic, key, code);
  ALTER TABLE pigeonhole.parked_message ALTER COLUMN id RESTART WITH 100;`

/** A transaction of a test's own, and what is done in it. */
export class Scene {
  readonly session: SqlSession
  readonly outbox: ParkingStore
  readonly inboxes: InboxParkingStore
  /** What workers of inboxes do, all in the one transaction. */
  readonly parking: InboxParking<SqlSession>

  constructor(session: SqlSession) {
    this.session = session
    const inSession = <R>(work: (session: SqlSession) => Promise<R>): Promise<R> => work(session)
    this.outbox = sqlParkingStore({ read: inSession, write: inSession })
    this.inboxes = sqlInboxParked(inSession)
    this.parking = sqlInboxParking({
      sessionOf: async (session) => session,
      inSession,
      transaction: (_bounds, work) => work(session),
    })
  }

  relay(shard = 0): ParkingTransaction {
    return new SqlParkingTransaction(this.session, shard)
  }

  /** What a relay would send now, by the places. */
  async releases(shard = 0): Promise<number[]> {
    return (await this.relay(shard).readReleases(wide)).map(({ seq }) => Number(seq))
  }

  /** The column `value` of the rows of a statement. */
  async values(...texts: readonly string[]): Promise<unknown[]> {
    let values: unknown[] = []
    for (const text of texts.flatMap((each) => each.split(';')))
      values = (await this.session.executor.query(text, [])).map(({ value }) => value)
    return values
  }
}
