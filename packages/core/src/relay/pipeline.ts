import { linkAbort } from '../lifecycle/linked-abort.js'
import { untilAborted } from '../lifecycle/until-aborted.js'
import type { GuardedTransaction, Look, RelayBatch } from '../ports/relay-store.js'
import { BatchSending } from './batch-sending.js'
import { Cleaner } from './cleaner.js'
import type { BatchInFlight, Fault } from './parking/fault.js'
import { type Announcement, ShardParking } from './parking/shard-parking.js'
import type { IdleSignals, PipelineParts, PipelineSignals } from './pipeline-parts.js'
import { reclaimOutbox } from './reclaim-outbox.js'
import { assertXidsKnown } from './start-up-table.js'
import { commitTraced, type ToldCommit } from './traced-commit.js'
import { watchConfirmed } from './watch-confirmed.js'
import { writeBatch } from './write-batch.js'
import { writePassage } from './write-passage.js'

/** A batch whose intent is committed, with the rows that its cursor stands for. */
interface PreparedBatch extends BatchInFlight {
  /** To be told once the intent is committed. */
  readonly announce: Announcement
  /** Undefined: the batch before it was still being sent when its intent was written. */
  readonly sending: BatchSending | undefined
}

/** The batch behind which an intent is written, and the last one that Kafka had acknowledged by then. */
interface Lineage {
  readonly parent: RelayBatch
  readonly confirmed: RelayBatch
}

/**
 * Moves the messages of an open shard, batch after batch, with one batch prepared ahead: the intent of batch n+1 may be
 * written while Kafka decides on n, its Kafka transaction begins only after n is acknowledged. Where n is, the records of
 * n+1 go out while its intent's transaction commits, and Kafka is asked for its commit behind that one. Crash only: any
 * rejection ends the pipeline and its producer, and a new opening finds out what became of the last batch.
 */
export class Pipeline {
  readonly #parts: PipelineParts
  readonly #cleaner: Cleaner
  readonly #parking: ShardParking
  #fault: Fault | undefined
  #confirmed: RelayBatch
  /** The batch number that PostgreSQL has been told of. */
  #noted = -1
  #inFlight: BatchInFlight | undefined
  /** Whether it has sent something, or found that there is nothing to send. */
  #isThrough = false

  constructor(parts: PipelineParts) {
    this.#parts = parts
    this.#confirmed = parts.open.confirmed
    this.#fault = parts.search.fault
    const { store, backoff } = parts.options
    const { open, events } = parts
    this.#parking = new ShardParking({ store, shard: open.shard, backoff, events }, open.parked)
    this.#cleaner = new Cleaner(open.shard, parts.options.batchRows)
  }

  /** The batch that was being sent when the pipeline ended. */
  get inFlight(): BatchInFlight | undefined {
    return this.#inFlight
  }

  /** Whether it ended over the first batch that there was to send. */
  get isStuck(): boolean {
    return !this.#isThrough
  }

  /** The fault that it has not settled. */
  get fault(): Fault | undefined {
    return this.#fault
  }

  /** Resolves when `reading` aborts and everything prepared is confirmed. */
  async run({ reading, leading }: PipelineSignals): Promise<void> {
    const over = linkAbort(leading)
    const lost = new AbortController()
    const watch = { ...this.#parts, confirmed: () => this.#confirmed }
    watchConfirmed(watch, over.signal).catch((error: unknown) => lost.abort(error))
    void reclaimOutbox(this.#parts, over.signal)
    try {
      await this.#move({ reading, leading: AbortSignal.any([leading, lost.signal]) })
    } finally {
      over.abort()
      over.unlink()
    }
  }

  async #move({ reading, leading }: PipelineSignals): Promise<void> {
    const ending = AbortSignal.any([reading, leading])
    await untilAborted(this.#settle(), leading)
    let ahead = this.#prepare(this.#confirmed)
    try {
      for (;;) {
        const prepared = await untilAborted(ahead, leading)
        if (!prepared) this.#isThrough = true
        if (!prepared && reading.aborted) return
        // Nothing is read ahead of parked messages that are to be sent: they follow what is confirmed.
        const due = !reading.aborted && (await untilAborted(this.#parking.isDue(), leading))
        if (prepared) {
          const sending = linkAbort(ending)
          if (due) sending.abort()
          ahead = this.#prepareDuring(sending.signal, prepared.batch)
          ahead.catch(() => undefined) // It is awaited in its turn, or dropped with the pipeline.
          await untilAborted(this.#publish(prepared, prepared.sending), leading).finally(() =>
            sending.abort(),
          )
          sending.unlink()
        }
        const found = prepared || due ? undefined : await this.#idle({ reading, leading, ending })
        if (due) await this.#release({ reading, leading })
        if (prepared && !due) continue
        if (reading.aborted) return
        ahead = found ? this.#prepareFound(this.#confirmed, found) : this.#prepare(this.#confirmed)
      }
    } finally {
      await ahead.catch(() => undefined)
    }
  }

  // Page, intent and cleaning share one guarded transaction: an intent whose page could change, or a cursor that moved
  // without an intent, would let a crash of the database lose or invent messages.
  async #prepare(parent: RelayBatch): Promise<PreparedBatch | undefined> {
    const { options, open } = this.#parts
    if (parent.cursor.until !== null) return this.#preparePage(parent)
    return this.#prepareFound(parent, await options.store.lookForMessages(open.shard, parent.cursor))
  }

  async #prepareFound(parent: RelayBatch, found: Look): Promise<PreparedBatch | undefined> {
    if (found === 'nothing') return undefined
    const passage = found === 'others' ? await this.#preparePassage(parent) : undefined
    return passage ?? this.#preparePage(parent)
  }

  // A message that comes while a batch is being sent is prepared in that time, and not looked for when it is over.
  // `sending` has aborted from the beginning where nothing more is to be read.
  async #prepareDuring(sending: AbortSignal, parent: RelayBatch): Promise<PreparedBatch | undefined> {
    const { clock, pollMs } = this.#parts.options
    while (!sending.aborted) {
      const prepared = await this.#prepare(parent)
      if (prepared) return prepared
      await clock.sleep(pollMs, sending)
    }
    return undefined
  }

  async #preparePage(parent: RelayBatch): Promise<PreparedBatch | undefined> {
    const prepared = await this.#guarded((tx, confirmed) => this.#writeIntent(tx, { parent, confirmed }))
    if (!prepared) return undefined
    prepared.announce()
    this.#tellOfPrepared(prepared)
    return prepared
  }

  async #preparePassage(parent: RelayBatch): Promise<PreparedBatch | undefined> {
    const { shard } = this.#parts.open
    const batch = await this.#guarded((tx) => writePassage(tx, { shard, parent }))
    if (!batch) return undefined
    const prepared = { batch, rows: [], announce: () => undefined, sending: undefined }
    this.#tellOfPrepared(prepared)
    return prepared
  }

  #tellOfPrepared({ batch, rows }: BatchInFlight): void {
    const { events, open } = this.#parts
    events.emit('batch:prepared', { shard: open.shard, batch: batch.number, rows: rows.length })
  }

  async #writeIntent(
    tx: GuardedTransaction,
    { parent, confirmed }: Lineage,
  ): Promise<PreparedBatch | undefined> {
    const { options, search, open } = this.#parts
    const bounds = { maxRows: search.size.rows, maxBytes: options.batchBytes }
    const page = await tx.readPage(parent.cursor, bounds)
    if (page.rows.length === 0) {
      // Messages that no page holds were numbered by another server: without a word they would lie there for ever.
      assertXidsKnown(open.shard, await tx.readFacts())
      return undefined
    }
    // Where all of a page is parked, the batch is written none the less: a cursor moves with an intent, or not at all.
    const { rows, announce } = await this.#parking.sift(tx, page.rows)
    const batch = await writeBatch(tx, { shard: open.shard, parent, cursor: page.cursor })
    const sending = parent === this.#confirmed ? this.#send({ batch, rows }) : undefined
    if (this.#cleaner.isWorthIt) await this.#cleaner.clean(tx, confirmed)
    return { batch, rows, announce, sending }
  }

  // Parks what the last pipeline ended with, before anything is read that it would hold.
  async #settle(): Promise<void> {
    const fault = this.#fault
    if (!fault) return
    const announce = await this.#guarded((tx, confirmed) => this.#parking.settle(tx, fault, confirmed))
    this.#fault = undefined
    announce()
  }

  // Nothing is in flight, or prepared, here.
  #release({ reading, leading }: PipelineSignals): Promise<void> {
    const { options, search } = this.#parts
    return this.#parking.sendDue({
      reading,
      bounds: { maxRows: search.releaseSize.rows, maxBytes: options.batchBytes },
      guarded: (work) => untilAborted(this.#guarded(work), leading),
      publish: (batch) => untilAborted(this.#publish(batch), leading),
    })
  }

  #send(batch: BatchInFlight): BatchSending {
    const { open, options } = this.#parts
    return new BatchSending(open.producer, batch, options.clock.now())
  }

  // The intent is committed here.
  async #publish({ batch, rows }: BatchInFlight, begun?: BatchSending): Promise<void> {
    const { open, search, events } = this.#parts
    this.#inFlight = { batch, rows }
    const sending = begun ?? this.#send({ batch, rows })
    const durationMs = await commitTraced(sending, this.#toldOf(rows))
    this.#confirmed = batch
    this.#inFlight = undefined
    this.#isThrough = true
    this.#cleaner.confirmed(rows.length)
    const size = batch.releases ? search.releaseSize : search.size
    size.passed(rows.length)
    const { shard } = open
    events.emit('batch:published', { shard, batch: batch.number, rows: rows.length, durationMs })
  }

  #toldOf(rows: BatchInFlight['rows']): ToldCommit {
    const { open, options } = this.#parts
    const { name: relay, tracing, clock } = options
    return { relay, tracing, clock, shard: open.shard, rows }
  }

  // Nothing is in flight here. While there is nothing to send, PostgreSQL is told of the last acknowledged batch, so that
  // `drain` and `status` of other processes see it, and what it covers is deleted: once it is quiet, so that a message
  // which comes in the middle of a lively outbox does not wait behind that. Resolves to what was found.
  async #idle({ reading, leading, ending }: IdleSignals): Promise<Look | undefined> {
    const { options, open, poll } = this.#parts
    while (!reading.aborted && !(await untilAborted(this.#parking.isDue(), leading))) {
      const look = options.store.lookForMessages(open.shard, this.#confirmed.cursor)
      const found = await untilAborted(look, leading)
      if (found === 'messages') poll.wake()
      if (found !== 'nothing') return found
      const untold = this.#noted < this.#confirmed.number || this.#cleaner.isDue(this.#confirmed)
      if (untold && poll.isQuiet)
        await untilAborted(
          this.#guarded((tx, confirmed) => this.#cleaner.cleanAtRest(tx, confirmed)),
          leading,
        )
      else await poll.pause(ending)
    }
    return undefined
  }

  // Kafka may acknowledge the next batch while the transaction runs: what it notes and what it deletes go by one batch.
  async #guarded<R>(work: (tx: GuardedTransaction, confirmed: RelayBatch) => Promise<R>): Promise<R> {
    const { options, open } = this.#parts
    const confirmed = this.#confirmed
    const guard = { shard: open.shard, token: open.token, confirmed: confirmed.number }
    const result = await options.store.guarded(guard, (tx) => work(tx, confirmed))
    this.#noted = confirmed.number
    return result
  }
}
