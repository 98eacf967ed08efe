import type { ShardFacts } from '@pigeonhole/core'
import { selectRelayBatches } from '../sql/relay-batch/select-all.js'
import { selectRelayIdentity } from '../sql/relay-identity/select.js'
import { selectRelayShard } from '../sql/relay-shard/select.js'
import { selectSystemIdentifier } from '../sql/server/select-system-identifier.js'
import { selectTransactionIds } from '../sql/server/select-transaction-ids.js'
import { run, runForOne, type SqlSession } from '../sql/statement.js'

/** All that an opening compares with Kafka, read in the guarded transaction that settles it. */
export async function readFacts(session: SqlSession, shard: number): Promise<ShardFacts> {
  const [recorded = null] = await run(session, selectRelayIdentity, null)
  const systemIdentifier = await runForOne(session, selectSystemIdentifier, null)
  const { lease, origin } = await runForOne(session, selectRelayShard, shard)
  const { confirmed } = lease
  const batches = await run(session, selectRelayBatches, shard)
  const { ahead, server } = await runForOne(session, selectTransactionIds, null)
  return { recorded, systemIdentifier, confirmed, batches, origin, xidAhead: ahead, serverXid: server }
}
