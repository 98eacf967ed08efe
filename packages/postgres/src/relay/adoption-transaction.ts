import type {
  AdoptionTransaction,
  ParkedOutMessage,
  RelayBatch,
  UnsettledMessage,
  UnsettledRequest,
} from '@pigeonhole/core'
import { SqlParkingTransaction } from '../parking/sql-parking-transaction.js'
import { deleteMessagesBySeq } from '../sql/outbox-message/delete-by-seq.js'
import { renumberMessages } from '../sql/outbox-message/renumber.js'
import { selectUnsettledMessages } from '../sql/outbox-message/select-unsettled.js'
import { releaseParkedMessages } from '../sql/parked-message/release.js'
import { selectParkedOut } from '../sql/parked-message/select-out.js'
import { deleteOtherRelayBatches } from '../sql/relay-batch/delete-others.js'
import { insertFirstRelayBatch } from '../sql/relay-batch/insert-first.js'
import { run, runForOne, type SqlSession } from '../sql/statement.js'

/** What an adoption does in a transaction whose guard has let it in. */
export class SqlAdoptionTransaction extends SqlParkingTransaction implements AdoptionTransaction {
  readonly #session: SqlSession
  readonly #shard: number

  constructor(session: SqlSession, shard: number) {
    super(session, shard)
    this.#session = session
    this.#shard = shard
  }

  readUnsettled(request: UnsettledRequest): Promise<UnsettledMessage[]> {
    return run(this.#session, selectUnsettledMessages, { ...request, shard: this.#shard })
  }

  readParkedOut(): Promise<ParkedOutMessage[]> {
    return run(this.#session, selectParkedOut, this.#shard)
  }

  async deleteMessages(seqs: readonly string[]): Promise<void> {
    await run(this.#session, deleteMessagesBySeq, seqs)
  }

  async deleteParkedOut(parkedIds: readonly string[]): Promise<void> {
    await run(this.#session, releaseParkedMessages, parkedIds)
  }

  renumberMessages(): Promise<number> {
    return runForOne(this.#session, renumberMessages, this.#shard)
  }

  async replaceBatches(batch: RelayBatch): Promise<void> {
    await run(this.#session, deleteOtherRelayBatches, { shard: this.#shard, keep: null })
    await run(this.#session, insertFirstRelayBatch, { shard: this.#shard, batch })
  }
}
