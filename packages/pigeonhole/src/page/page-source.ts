import type { Monitor, Relay } from '@pigeonhole/core'
import type { Found, PageState, WorkerShard } from './browser/page-state.js'
import { findLags, type ReadLags } from './find-lags.js'
import { History, Rate } from './history.js'
import { LastLook } from './last-look.js'
import { troubleOf } from './trouble.js'

/** What a page tells of. */
export interface PageSourceOptions {
  /** The relay's name. */
  readonly name: string
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
export function pageSource({
  name,
  decides,
  relay,
  monitor,
  look,
  readLags,
}: PageSourceOptions): () => PageState {
  const errors = lastErrors(relay)
  const ages = new History()
  monitor.on('outbox:measured', ({ shards }) => {
    ages.add(Date.now(), Math.max(0, ...shards.map(({ oldestAgeSeconds }) => oldestAgeSeconds ?? 0)))
  })
  const rate = new Rate(Date.now())
  relay.on('batch:published', ({ rows }) => rate.count(Date.now(), rows))
  const lastLook = new LastLook(async () => {
    const found = await look()
    ages.add(found.at, found.oldestAgeSeconds ?? 0)
    return found
  }, lookPauseMs)
  const lastLags = new LastLook(() => findLags(readLags, lastLook.found?.positions ?? []), lagsPauseMs)
  return () => {
    void lastLook.refresh()
    if (lastLook.found) void lastLags.refresh()
    const now = Date.now()
    const shards = relay.shards.map(({ shard, state }) => {
      return { shard, state, lastError: errors.get(shard) ?? null }
    })
    const { found, failure } = lastLook
    const { found: lags, failure: lagsFailure } = lastLags
    const histories = { ages: ages.samples, rates: rate.samples(now) }
    return { name, decides, now, shards, found, failure, lags, lagsFailure, ...histories }
  }
}

type LastErrors = ReadonlyMap<number, NonNullable<WorkerShard['lastError']>>

function lastErrors(relay: PageSourceOptions['relay']): LastErrors {
  const errors = new Map<number, NonNullable<WorkerShard['lastError']>>()
  const keep = (shard: number, error: unknown) => errors.set(shard, { at: Date.now(), ...troubleOf(error) })
  relay.on('shard:changed', ({ shard, error }) => {
    if (error !== undefined) keep(shard, error)
  })
  relay.on('shard:reopening', ({ shard, error }) => keep(shard, error))
  return errors
}
