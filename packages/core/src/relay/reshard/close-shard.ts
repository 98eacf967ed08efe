import type { Emitter } from '../../events/emitter.js'
import type { Cursor, GuardedTransaction, RelayBatch } from '../../ports/relay-store.js'
import type { OpenShard } from '../opening.js'
import type { BatchInFlight, Fault } from '../parking/fault.js'
import { FaultSearch } from '../parking/fault-search.js'
import { ShardParking } from '../parking/shard-parking.js'
import type { RelayEvents } from '../relay-events.js'
import type { ResolvedRelayOptions } from '../relay-options.js'
import { writeBatch } from '../write-batch.js'
import type { FindEnd, ShardEnd } from './shard-end.js'

/** A shard and how it finds the snapshot that it is to end at. */
export interface Closing {
  readonly options: Pick<ResolvedRelayOptions, 'store' | 'batchRows' | 'batchBytes' | 'backoff'>
  readonly open: OpenShard
  readonly findEnd: FindEnd
  /** Tells of what is parked. */
  readonly events: Emitter<RelayEvents>
  /** Opens the shard afresh, once a batch of `failed` has not got through. */
  reopen(failed: OpenShard): Promise<OpenShard>
}

/**
 * Sends what an open shard has left up to a snapshot, and nothing behind it. The confirmed batch that it resolves to has
 * the snapshot itself for a cursor: one without messages where there was nothing left, because a cursor never moves without
 * an intent. What the broker refuses is looked for and parked as a relay would: otherwise no outbox that holds such a
 * record could be divided before an operator has waited for a relay to find it.
 */
export async function closeShard(closing: Closing, leading: AbortSignal): Promise<ShardEnd> {
  const search = new FaultSearch(closing.options.batchRows)
  for (let { open } = closing; ; open = await closing.reopen(open)) {
    const last = new LastBatches({ ...closing, open }, search)
    try {
      return await last.send(leading)
    } catch (error) {
      if (leading.aborted || !search.learn(error, last)) throw error
    }
  }
}

/** The batches that one opening sends until its shard is closed. Crash only, as a pipeline is. */
class LastBatches {
  readonly #closing: Closing
  readonly #search: FaultSearch
  readonly #parking: ShardParking
  #confirmed: RelayBatch
  #snapshot: string | undefined
  #inFlight: BatchInFlight | undefined
  #fault: Fault | undefined

  constructor(closing: Closing, search: FaultSearch) {
    const { open, options, events } = closing
    this.#closing = closing
    this.#search = search
    this.#confirmed = open.confirmed
    this.#fault = search.fault
    const { store, backoff } = options
    this.#parking = new ShardParking({ store, shard: open.shard, backoff, events }, open.parked)
  }

  get inFlight(): BatchInFlight | undefined {
    return this.#inFlight
  }

  get fault(): Fault | undefined {
    return this.#fault
  }

  async send(leading: AbortSignal): Promise<ShardEnd> {
    const { shard, token } = this.#closing.open
    await this.#settle()
    for (;;) {
      leading.throwIfAborted()
      const snapshot = await this.#sendNext()
      const batch = this.#confirmed
      if (isAt(batch.cursor, snapshot)) return { shard, token, confirmed: batch.number, snapshot, batch }
    }
  }

  async #sendNext(): Promise<string> {
    const { intent, snapshot } = await this.#guarded(async (tx) => {
      const snapshot = await this.#closing.findEnd(tx, this.#snapshot)
      return { snapshot, intent: await this.#writeIntent(tx, snapshot) }
    })
    this.#snapshot = snapshot
    await this.#publish(intent)
    return snapshot
  }

  async #settle(): Promise<void> {
    const fault = this.#fault
    if (!fault) return
    const announce = await this.#guarded((tx) => this.#parking.settle(tx, fault, this.#confirmed))
    this.#fault = undefined
    announce()
  }

  async #writeIntent(tx: GuardedTransaction, snapshot: string): Promise<BatchInFlight> {
    const { open, options } = this.#closing
    const parent = this.#confirmed
    const bounds = { maxRows: this.#search.size.rows, maxBytes: options.batchBytes }
    const page = await tx.readPageUntil(parent.cursor, snapshot, bounds)
    const { rows } = await this.#parking.sift(tx, page.rows)
    return { batch: await writeBatch(tx, { shard: open.shard, parent, cursor: page.cursor }), rows }
  }

  async #publish({ batch, rows }: BatchInFlight): Promise<void> {
    const { producer } = this.#closing.open
    this.#inFlight = { batch, rows }
    await producer.begin({ number: batch.number, token: batch.token })
    if (rows.length > 0) await producer.send(rows)
    await producer.commit()
    this.#inFlight = undefined
    this.#confirmed = batch
    this.#search.size.passed(rows.length)
  }

  #guarded<R>(work: (tx: GuardedTransaction) => Promise<R>): Promise<R> {
    const { open, options } = this.#closing
    const { shard, token } = open
    return options.store.guarded({ shard, token, confirmed: this.#confirmed.number }, work)
  }
}

function isAt({ from, until }: Cursor, snapshot: string): boolean {
  return until === null && from === snapshot
}
