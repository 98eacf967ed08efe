import { isPigeonholeError } from '../errors/pigeonhole-error.js'
import type { Emitter } from '../events/emitter.js'
import type { Cleaning, Reclaimed } from '../ports/relay-store.js'
import type { OpenShard } from './opening.js'
import type { RelayEvents } from './relay-events.js'
import type { ResolvedRelayOptions } from './relay-options.js'

/** What cleaning works with. */
export interface ReclaimParts {
  readonly options: Pick<ResolvedRelayOptions, 'store' | 'clock' | 'retentionMs'>
  readonly open: Pick<OpenShard, 'shard' | 'token'>
  readonly events: Emitter<RelayEvents>
}

// How large and how old a partition gets before another one is written to. At 200 messages a second the age rules, at 30,000
// the size: a new partition every few seconds.
const partitionBytes = 32 * 1024 * 1024
const partitionMs = 60_000

const pauseMs = 1_000
// Where nothing is published, or somebody else has a partition locked for long.
const longestPauseMs = 30_000

/** Shards whose processes share the work: one of them does it. */
const cleaningShard = 0

/**
 * Has the store give the space of published messages back from time to time, until `signal` aborts: beside what is sent, in
 * transactions of its own. It goes by what the database knows to be confirmed, never by what this process knows. Where it
 * fails, sending goes on, and it is tried again.
 */
export async function reclaimOutbox(
  { options, open, events }: ReclaimParts,
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, retentionMs } = options
  const { shard, token } = open
  if (shard !== cleaningShard) return
  const cleaning: Cleaning = { retentionMs, partitionBytes, partitionMs }
  let isPublishing = false
  const unsubscribe = events.on('batch:published', () => {
    isPublishing = true
  })
  let pause = pauseMs
  let isDelayed = false
  let unsettled: readonly number[] = []
  try {
    for (;;) {
      await clock.sleep(pause, signal)
      if (signal.aborted) return
      const outcome = await store
        .guarded({ shard, token, confirmed: 0 }, (tx) => tx.reclaim(cleaning))
        .then(
          (reclaimed) => ({ reclaimed, error: undefined }),
          (error: unknown) => ({ reclaimed: undefined, error }),
        )
      // Whoever has the lease now cleans.
      if (signal.aborted || isPigeonholeError(outcome.error, 'LEASE_LOST')) return
      const isHeldUp = tell(outcome.reclaimed, outcome.error)
      // Each look at a partition that somebody has locked holds up those who read it; but the others go on meanwhile.
      const isLively = (isPublishing && !isHeldUp) || isMoving(outcome.reclaimed)
      pause = isLively ? pauseMs : Math.min(pause * 2, longestPauseMs)
      isPublishing = false
    }
  } finally {
    unsubscribe()
  }

  // Told of once, and not with every attempt. Resolves to whether something stands in the way.
  function tell(reclaimed: Reclaimed | undefined, error: unknown): boolean {
    const held = reclaimed?.held ?? []
    for (const partition of reclaimed?.truncated ?? [])
      events.emit('partition:truncated', { shard, partition })
    // One that was being opened at the last look is not by now.
    const lasting = (reclaimed?.unsettled ?? []).filter((one) => unsettled.includes(one))
    unsettled = reclaimed?.unsettled ?? []
    const isHeldUp = reclaimed === undefined || held.length > 0 || lasting.length > 0
    if (isHeldUp && !isDelayed) events.emit('cleaning:delayed', { shard, held, unsettled: lasting, error })
    isDelayed = isHeldUp
    return isHeldUp
  }
}

function isMoving(reclaimed: Reclaimed | undefined): boolean {
  return reclaimed !== undefined && (reclaimed.turned || reclaimed.truncated.length > 0)
}
