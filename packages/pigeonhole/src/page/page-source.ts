import type { Monitor, Relay } from '@pigeonhole/core'
import type { Found, PageState, Trouble, WorkerShard } from './browser/page-state.js'
import { findLags, type ReadLags } from './find-lags.js'
import { History, Rate, TotalRate } from './history.js'
import { LastLook } from './last-look.js'
import { onShardError } from './on-shard-error.js'
import { type Privacy, troubleOf, withPrivacy } from './trouble.js'

/** What a page tells of. */
export interface PageSourceOptions {
  /** The relay's name. */
  readonly name: string
  /** What this worker is called. */
  readonly worker: string
  readonly privacy: Privacy
  /** Whether the page may retry and discard. */
  readonly decides: boolean
  readonly relay: Pick<Relay, 'on' | 'shards'>
  readonly monitor: Pick<Monitor, 'on'>
  /** Looks at the database. */
  readonly look: () => Promise<Found>
  readonly readLags: ReadLags
}

const lookPauseMs = 1_000
/** Kafka is connected to for each. */
const lagsPauseMs = 5_000

/**
 * What the page shows: the worker's own part is kept by the events of its relay and its monitor, the rest is read from the
 * database, and from Kafka, while somebody looks.
 * @returns a function that answers at once, with the database as it was last seen.
 */
export function pageSource(options: PageSourceOptions): () => PageState {
  const { name, worker, decides, privacy, relay, monitor, look, readLags } = options
  const errors = lastErrors(relay, privacy)
  const ages = new History()
  monitor.on('outbox:measured', ({ shards }) => {
    ages.add(Date.now(), Math.max(0, ...shards.map(({ oldestAgeSeconds }) => oldestAgeSeconds ?? 0)))
  })
  const rate = new Rate(Date.now())
  const totalRate = new TotalRate()
  relay.on('batch:published', ({ rows }) => rate.count(Date.now(), rows))
  const lastLook = new LastLook(async () => {
    const found = await look()
    ages.add(found.at, found.oldestAgeSeconds ?? 0)
    totalRate.add(found.at, found.sent)
    return found
  }, lookPauseMs)
  const lastLags = new LastLook(() => findLags(readLags, lastLook.found?.positions ?? []), lagsPauseMs)
  const told = (failure: Trouble | null) => failure && withPrivacy(failure, privacy)
  return () => {
    void lastLook.refresh()
    if (lastLook.found) void lastLags.refresh()
    const now = Date.now()
    const shards = relay.shards.map(({ shard, state }) => {
      return { shard, state, lastError: errors.get(shard) ?? null }
    })
    const { found, failure } = lastLook
    const { found: lags, failure: lagsFailure } = lastLags
    const histories = { ages: ages.samples, rates: rate.samples(now), totalRates: totalRate.samples }
    const failures = { failure: told(failure), lagsFailure: told(lagsFailure) }
    return { name, worker, decides, now, shards, found, lags, ...failures, ...histories }
  }
}

type LastErrors = ReadonlyMap<number, NonNullable<WorkerShard['lastError']>>

function lastErrors(relay: PageSourceOptions['relay'], privacy: Privacy): LastErrors {
  const errors = new Map<number, NonNullable<WorkerShard['lastError']>>()
  onShardError(relay, (shard, error) =>
    errors.set(shard, { at: Date.now(), ...withPrivacy(troubleOf(error), privacy) }),
  )
  return errors
}
