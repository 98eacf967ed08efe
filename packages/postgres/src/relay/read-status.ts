import { type OutboxStatus, originCursor } from '@pigeonhole/core'
import { summariseUncoveredMessages } from '../sql/outbox-message/summarise-uncovered.js'
import { selectConfirmedRelayBatch } from '../sql/relay-batch/select-confirmed.js'
import { selectRelayIdentity } from '../sql/relay-identity/select.js'
import { selectRelayShards } from '../sql/relay-shard/select-all.js'
import { run, runForOne, type SqlSession } from '../sql/statement.js'

/** The outbox as `status` shows it. All messages are those of shard 0: there are no others yet. */
export async function readStatus(session: SqlSession): Promise<OutboxStatus> {
  const [identity = null] = await run(session, selectRelayIdentity, null)
  const shards = await run(session, selectRelayShards, null)
  const [confirmed] = await run(session, selectConfirmedRelayBatch, 0)
  const summary = await runForOne(session, summariseUncoveredMessages, confirmed?.cursor ?? originCursor)
  return { identity, shards, ...summary }
}
