import type { ParkedRef } from './parked-lot.js'

/** What `/api/state` answers. */
export interface PageState {
  /** The relay's name. */
  readonly name: string
  /** What the worker is called by the errors that it tells other workers. */
  readonly worker: string
  /** Whether the worker has a token, by which the page may retry and discard. */
  readonly decides: boolean
  /** The worker's clock, milliseconds since 1970: every other time is by it. */
  readonly now: number
  /** The shards of this worker. */
  readonly shards: readonly WorkerShard[]
  /** The last look at the database that succeeded; null before the first. */
  readonly found: Found | null
  /** Why the last look failed; null where it did not. */
  readonly failure: Trouble | null
  /** The last answer of Kafka on how far inboxes are behind; null before the first. */
  readonly lags: FoundLags | null
  /** Why Kafka was asked in vain the last time; null where it was not. */
  readonly lagsFailure: Trouble | null
  readonly ages: readonly Sample[]
  /** Messages a second that this worker sent. */
  readonly rates: readonly Sample[]
  /** Messages a second that all workers sent. */
  readonly totalRates: readonly Sample[]
}

/** A value at a time, in milliseconds since 1970. */
export type Sample = readonly [at: number, value: number]

/** An error, and what to do about it. */
export interface Trouble {
  readonly code: string
  readonly message: string
  /** A command, or where to read on. */
  readonly remedy: string
}

/** A shard, as this worker sees it. */
export interface WorkerShard {
  readonly shard: number
  readonly state: string
  /** The last error since the worker started, also where the shard has recovered from it. */
  readonly lastError: (Trouble & { readonly at: number }) | null
}

/** What the database knew, of all workers. Of inboxes it has those that keep positions. */
export interface Found {
  readonly at: number
  readonly pending: number
  readonly oldestAgeSeconds: number | null
  readonly faults: readonly string[]
  /** Messages that all workers have sent, ever. */
  readonly sent: number
  readonly shards: readonly FoundShard[]
  /** The last error of any worker at each shard. */
  readonly errors: readonly FoundError[]
  /** Who needs the oldest transaction id, in a sentence; empty when nobody does for long. */
  readonly holder: string
  readonly parked: readonly FoundParked[]
  /** How many of those there are beyond the ones that are listed. */
  readonly moreParked: number
  /** Null where the worker's role may not read them. */
  readonly positions: readonly FoundPosition[] | null
}

/** A shard of the outbox. */
export interface FoundShard {
  readonly shard: number
  readonly buckets: string
  readonly holder: string | null
  readonly pending: number
  readonly confirmed: number
}

/** The last error of a worker at a shard, also where the shard has recovered from it. */
export interface FoundError extends Trouble {
  readonly shard: number
  readonly at: number
  readonly worker: string
}

/** Something that is parked or paused. */
export interface FoundParked {
  /** By which it is decided on; null for a paused topic. */
  readonly ref: ParkedRef | null
  /** `outbox`, or the name of an inbox. */
  readonly side: string
  readonly kind: string
  readonly topic: string
  readonly key: string
  readonly messages: number
  readonly attempts: number
  readonly since: string
  readonly retryAt: string | null
  readonly why: string
}

/** Where an inbox goes on. */
export interface FoundPosition {
  readonly inbox: string
  readonly topic: string
  readonly partition: number
  readonly nextOffset: string
}

/** How far inboxes are behind in the cluster of this worker. */
export interface FoundLags {
  readonly at: number
  /** Without those that the cluster tells nothing of. */
  readonly lags: readonly FoundLag[]
}

/** How far an inbox is behind the end of what is committed in a partition. */
export interface FoundLag extends Omit<FoundPosition, 'nextOffset'> {
  readonly end: string
  readonly offsets: string
  /** Null where only the offsets are known. */
  readonly messages: string | null
}
