import type {
  BucketRange,
  Cleaning,
  Cursor,
  GuardedTransaction,
  MappedShard,
  Page,
  PageBounds,
  Reclaimed,
  RelayBatch,
  RelayIdentity,
  ShardFacts,
} from '@pigeonhole/core'
import { selectPassage } from '../sql/outbox-message/select-passage.js'
import { deleteRelayBatchesBelow } from '../sql/relay-batch/delete-below.js'
import { deleteOtherRelayBatches } from '../sql/relay-batch/delete-others.js'
import { existsRelayBatch } from '../sql/relay-batch/exists.js'
import { insertRelayBatch } from '../sql/relay-batch/insert.js'
import { upsertRelayIdentity } from '../sql/relay-identity/upsert.js'
import { agreeOnRelayShard } from '../sql/relay-shard/agree.js'
import { raiseConfirmed } from '../sql/relay-shard/raise-confirmed.js'
import { selectRunningSnapshot } from '../sql/server/select-running-snapshot.js'
import { run, runForOne, type SqlSession } from '../sql/statement.js'
import { SqlAdoptionTransaction } from './adoption-transaction.js'
import { readFacts } from './read-facts.js'
import { readPage, readPageUntil } from './read-page.js'
import { reclaim } from './reclaim.js'

/** What a relay does in a transaction whose guard has let it in. */
export class SqlGuardedTransaction extends SqlAdoptionTransaction implements GuardedTransaction {
  readonly #session: SqlSession
  readonly #shard: number
  readonly #buckets: BucketRange | null

  /** `mapped`: the shard as the guard found it. */
  constructor(session: SqlSession, { shard, buckets }: MappedShard) {
    super(session, shard)
    this.#session = session
    this.#shard = shard
    this.#buckets = buckets
  }

  readFacts(): Promise<ShardFacts> {
    return readFacts(this.#session, this.#shard)
  }

  readSnapshot(): Promise<string> {
    return runForOne(this.#session, selectRunningSnapshot, null)
  }

  hasBatch(shard: number, { number, token }: Pick<RelayBatch, 'number' | 'token'>): Promise<boolean> {
    return runForOne(this.#session, existsRelayBatch, { shard, number, token })
  }

  async writeIdentity(identity: RelayIdentity): Promise<void> {
    await run(this.#session, upsertRelayIdentity, identity)
  }

  async confirm(number: number): Promise<void> {
    await run(this.#session, raiseConfirmed, { shard: this.#shard, number })
  }

  async agree(): Promise<void> {
    await run(this.#session, agreeOnRelayShard, this.#shard)
  }

  async deleteOtherBatches(keep: Pick<RelayBatch, 'number' | 'token'> | null): Promise<void> {
    await run(this.#session, deleteOtherRelayBatches, { shard: this.#shard, keep })
  }

  async deleteBatchesBelow(number: number): Promise<void> {
    await run(this.#session, deleteRelayBatchesBelow, { shard: this.#shard, number })
  }

  readPage(cursor: Cursor, bounds: PageBounds): Promise<Page> {
    return readPage(this.#session, cursor, { bounds, buckets: this.#buckets })
  }

  readPageUntil(cursor: Cursor, until: string, bounds: PageBounds): Promise<Page> {
    return readPageUntil(this.#session, { cursor, until }, { bounds, buckets: this.#buckets })
  }

  passOver(cursor: Cursor): Promise<Cursor | null> {
    return runForOne(this.#session, selectPassage, { shard: this.#shard, cursor })
  }

  async insertBatch(batch: RelayBatch): Promise<boolean> {
    const inserted = await run(this.#session, insertRelayBatch, { shard: this.#shard, batch })
    return inserted.length > 0
  }

  reclaim(cleaning: Cleaning): Promise<Reclaimed> {
    return reclaim(this.#session, cleaning)
  }
}
