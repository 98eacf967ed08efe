import type { ShardProducer } from '../ports/relay-publisher.js'
import type { BatchInFlight } from './parking/fault.js'

/**
 * A batch on its way to Kafka. Its records may go out while its intent is being committed: nobody sees them before Kafka's
 * commit, and where it never comes to that, the next fencing aborts them.
 */
export class BatchSending {
  /** When it began, on the relay's clock. */
  readonly startedAt: number
  readonly #producer: ShardProducer
  readonly #acknowledged: Promise<void>

  constructor(producer: ShardProducer, batch: BatchInFlight, startedAt: number) {
    this.startedAt = startedAt
    this.#producer = producer
    this.#acknowledged = send(producer, batch)
    this.#acknowledged.catch(() => undefined) // It is awaited with the commit, or dropped with the pipeline.
  }

  /** Commits it in Kafka, once every record is acknowledged: only for a batch whose intent is committed. */
  async commit(): Promise<void> {
    await this.#acknowledged
    await this.#producer.commit()
  }
}

async function send(producer: ShardProducer, { batch, rows }: BatchInFlight): Promise<void> {
  await producer.begin({ number: batch.number, token: batch.token })
  if (rows.length > 0) await producer.send(rows)
}
