import type { Emitter } from '../events/emitter.js'
import type { OpenShard } from './opening.js'
import type { FaultSearch } from './parking/fault-search.js'
import type { Poll } from './poll.js'
import type { RelayEvents } from './relay-events.js'
import type { ResolvedRelayOptions } from './relay-options.js'

/** What a pipeline works with. */
export interface PipelineParts {
  readonly options: Pick<
    ResolvedRelayOptions,
    | 'name'
    | 'store'
    | 'tracing'
    | 'clock'
    | 'backoff'
    | 'batchRows'
    | 'batchBytes'
    | 'pollMs'
    | 'renewMs'
    | 'leaseMs'
    | 'retentionMs'
  >
  readonly open: OpenShard
  /** How large batches may be, and what has to be settled before anything is read. */
  readonly search: FaultSearch
  readonly poll: Poll
  readonly events: Emitter<RelayEvents>
}

/** When a pipeline ends. */
export interface PipelineSignals {
  /** Aborts when nothing more is to be read: what is prepared is still sent. */
  readonly reading: AbortSignal
  /** Aborts when the shard is no longer this process's, or has to end at once. */
  readonly leading: AbortSignal
}

/** When a pipeline that has nothing to send stops to wait. */
export interface IdleSignals extends PipelineSignals {
  /** Aborts when either of the others does. */
  readonly ending: AbortSignal
}
