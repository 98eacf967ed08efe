import type { Relay } from '@pigeonhole/core'
import type { ReportedError, ShardReports } from '@pigeonhole/postgres'
import { errorFields } from '../logs/error-fields.js'
import type { Logger } from '../logs/logger.js'
import { onShardError } from './on-shard-error.js'
import { troubleOf } from './trouble.js'

/** How long what a shard does is collected before it is told, in milliseconds: a row is written, however much is sent. */
const reportMs = 2_000

/** What a reporter needs. */
export interface ShardReporterOptions {
  readonly relay: Pick<Relay, 'on'>
  readonly store: Pick<ShardReports, 'reportShard'>
  /** What this worker is called. */
  readonly worker: string
  readonly logger: Pick<Logger, 'debug'>
}

/** Tells the pages of other workers, by the database, what this one sends and which errors it has. */
export class ShardReporter {
  readonly #store: ShardReporterOptions['store']
  readonly #worker: string
  readonly #logger: ShardReporterOptions['logger']
  readonly #untold = new Map<number, Untold>()
  #timer: NodeJS.Timeout | undefined
  #telling: Promise<void> | undefined
  /** Whether the database has taken the last report. */
  #reached = true

  constructor({ relay, store, worker, logger }: ShardReporterOptions) {
    this.#store = store
    this.#worker = worker
    this.#logger = logger
    relay.on('batch:published', ({ shard, rows }) => this.#keep({ shard, sent: rows, error: null }))
    onShardError(relay, (shard, error) => this.#keepError(shard, error))
  }

  start(): void {
    this.#timer = setInterval(() => void this.tell(), reportMs)
  }

  /** Tells the rest, unless the database has just failed. Never rejects. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#telling
    if (this.#reached) await this.tell()
  }

  /** Tells what has not been told yet. What the database does not take is told the next time. Never rejects. */
  async tell(): Promise<void> {
    this.#telling ??= this.#tellAll().finally(() => {
      this.#telling = undefined
    })
    await this.#telling
  }

  async #tellAll(): Promise<void> {
    this.#reached = true
    for (const report of [...this.#untold.values()]) {
      this.#untold.delete(report.shard)
      try {
        await this.#store.reportShard(report)
      } catch (error) {
        const since = this.#untold.get(report.shard)
        this.#untold.set(report.shard, since ? joined(report, since) : report)
        this.#logger.debug(errorFields(error), 'what the shards do is not told to other workers yet')
        this.#reached = false
        return
      }
    }
  }

  #keepError(shard: number, error: unknown): void {
    const { code, message } = troubleOf(error)
    const at = new Date().toISOString()
    this.#keep({ shard, sent: 0, error: { at, worker: this.#worker, code, message } })
  }

  #keep(report: Untold): void {
    const before = this.#untold.get(report.shard)
    this.#untold.set(report.shard, before ? joined(before, report) : report)
  }
}

interface Untold {
  readonly shard: number
  readonly sent: number
  readonly error: ReportedError | null
}

function joined(before: Untold, after: Untold): Untold {
  return { shard: after.shard, sent: before.sent + after.sent, error: after.error ?? before.error }
}
