import { BatchSize } from '../batch-size.js'
import { type BatchInFlight, blame, type Fault } from './fault.js'

/** What was under way when batches failed. */
export interface FailedSending {
  /** The batch that was being sent; undefined where none was. */
  readonly inFlight: BatchInFlight | undefined
  /** A fault that was found before, and is not settled yet. */
  readonly fault: Fault | undefined
}

/**
 * What a shard's failed batches have taught: how many rows the next ones may have, and what has to be parked before
 * anything else is read. It outlives openings, because each failure ends one.
 */
export class FaultSearch {
  readonly size: BatchSize
  /** Of batches of parked messages. */
  readonly releaseSize: BatchSize
  #fault: Fault | undefined

  constructor(batchRows: number) {
    this.size = new BatchSize(batchRows)
    this.releaseSize = new BatchSize(batchRows)
  }

  /** What the next opening has to settle. */
  get fault(): Fault | undefined {
    return this.#fault
  }

  /** Leaves the fault to whoever has had the shard meanwhile. */
  forget(): void {
    this.#fault = undefined
  }

  /** Learns from `error`, with which `failed` has ended. Whether the next opening can do better at once. */
  learn(error: unknown, { inFlight, fault }: FailedSending): boolean {
    this.#fault = fault
    if (!inFlight) return false
    const size = inFlight.batch.releases ? this.releaseSize : this.size
    const found = blame(error, inFlight)
    if (found === 'divide') size.refused(inFlight.rows.length)
    else if (found === 'slow') size.tooSlow(inFlight.rows.length)
    else if (found) {
      this.#fault = found
      size.found()
    }
    return found !== undefined && found !== 'slow'
  }
}
