import { quoteSchema } from '@pigeonhole/postgres'
import type pg from 'pg'
import type { OutboxFacts } from './postgres-facts.js'

/** Messages whose topics are looked at: the youngest. */
const lookedAt = 10_000

interface OutboxRow {
  readonly relay: string | null
  readonly cluster_id: string | null
  readonly system_identifier: string | null
  readonly shards: number
  readonly has_sent: boolean
  readonly topics: string[]
  readonly inboxes: { readonly inbox: string; readonly topic: string }[]
}

const text = (schema: string): string => `
  SELECT identity.relay, identity.cluster_id, identity.system_identifier,
    (SELECT count(*)::int FROM ${schema}.relay_shard WHERE first_bucket IS NOT NULL) AS shards,
    EXISTS (SELECT FROM ${schema}.relay_batch WHERE number > 0)
      OR EXISTS (SELECT FROM ${schema}.relay_shard WHERE confirmed > 0) AS has_sent,
    ARRAY(
      SELECT topic FROM (SELECT topic FROM ${schema}.outbox_message ORDER BY seq DESC LIMIT ${lookedAt}) AS young
      UNION SELECT topic FROM ${schema}.parked_key WHERE side = 'outbox'
      UNION SELECT topic FROM ${schema}.paused_topic
      ORDER BY 1
    ) AS topics,
    coalesce((
      SELECT jsonb_agg(jsonb_build_object('inbox', inbox, 'topic', topic) ORDER BY inbox, topic)
      FROM (SELECT DISTINCT inbox, topic FROM ${schema}.inbox_position) AS handled
    ), '[]') AS inboxes
  FROM (SELECT) AS one LEFT JOIN ${schema}.relay_identity AS identity ON true`

// The tables are not there, not all of them, or the role may not read them: other checks say so.
const unreadable: ReadonlySet<unknown> = new Set(['42P01', '42703', '3F000', '42501'])

/** What the tables say that matters to Kafka; undefined where they cannot be read. */
export async function readOutboxFacts(pool: pg.Pool, schema: string): Promise<OutboxFacts | undefined> {
  try {
    const { rows } = await pool.query<OutboxRow>(text(quoteSchema(schema)))
    return rows[0] && factsOf(rows[0])
  } catch (error) {
    if (unreadable.has((error as { readonly code?: unknown }).code)) return undefined
    throw error
  }
}

function factsOf(row: OutboxRow): OutboxFacts {
  const { relay, cluster_id: clusterId, system_identifier: systemIdentifier } = row
  const identity =
    relay === null || clusterId === null || systemIdentifier === null
      ? null
      : { relay, clusterId, systemIdentifier }
  return { identity, shards: row.shards, hasSent: row.has_sent, topics: row.topics, inboxes: row.inboxes }
}
