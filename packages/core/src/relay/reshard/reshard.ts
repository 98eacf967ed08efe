import { isPigeonholeError, PigeonholeError } from '../../errors/pigeonhole-error.js'
import { Emitter } from '../../events/emitter.js'
import { untilAborted } from '../../lifecycle/until-aborted.js'
import type { MappedShard } from '../../ports/shard-map.js'
import type { OpenShard } from '../opening.js'
import type { RelayEvents } from '../relay-events.js'
import type { ResolvedRelayOptions } from '../relay-options.js'
import { activeShards, divideBuckets } from '../shard-map.js'
import { closeShard } from './close-shard.js'
import { HeldShards } from './held-shards.js'
import { type ReshardOptions, resolveReshardOptions } from './reshard-options.js'
import { endOf, type FindEnd, ownEnd, type ShardEnd } from './shard-end.js'

/** What {@link reshard} has done. */
export interface ReshardOutcome {
  /** How many shards the outbox had. The same as `to`: nothing was changed. */
  readonly from: number
  readonly to: number
  /** What the broker refused of what was left to send: its key is parked, or its topic paused. */
  readonly parked: readonly ParkedOnClosing[]
}

/** A record that was parked, or a topic that was paused, while the outbox was divided. */
export interface ParkedOnClosing {
  readonly topic: string
  readonly errorCode: string
  readonly error: string
}

/**
 * Divides an outbox anew among `shards` shards, while its relays run: they stand by for some seconds and go on with the new
 * map. No message is lost, repeated or reordered, whatever happens to this process meanwhile: until the map changes, in one
 * transaction, the old one is valid.
 *
 * Everything that is committed and not yet sent goes out before the map changes, so it takes least when there is little.
 * @throws RESHARD_INTERRUPTED when another process took a shard meanwhile: nothing is changed. OPTION_INVALID, and whatever
 * an opening throws.
 */
export async function reshard(options: ReshardOptions): Promise<ReshardOutcome> {
  const resolved = resolveReshardOptions(options)
  const { store, shards: to } = resolved
  await store.checkServer()
  await store.provideShards(divideBuckets(to))
  const map = await store.readShards()
  // A failover has just taken the shards back. Nobody has sent anything, and none may begin behind a snapshot.
  if (map.length === 0) throw interrupted()
  const from = activeShards(map).length
  if (from === to) return { from, to, parked: [] }
  const held = new HeldShards(concerned(map, to), resolved)
  const parked: ParkedOnClosing[] = []
  try {
    await divideAnew(resolved, held, parked)
  } catch (error) {
    throw isTakenOver(error) ? interrupted(error) : error
  } finally {
    await held.release()
  }
  return { from, to, parked }
}

// One snapshot for all: what is visible in it has been sent by the old owners, in order, before a new one begins behind it.
// It is read when every shard is open, so that no cursor can lie beyond it, by the first that is closed.
async function divideAnew(
  options: ResolvedRelayOptions,
  held: HeldShards,
  parked: ParkedOnClosing[],
): Promise<void> {
  const { store, publisher, name, shards } = options
  const open = await held.open()
  const partitions = Math.max(shards, ...open.map(({ shard }) => shard + 1))
  await publisher.extendCheckpointTopic(name, partitions)
  const parts = { options, events: collecting(parked), reopen: held.reopen.bind(held) }
  const close = (shard: OpenShard, findEnd: FindEnd): Promise<ShardEnd> =>
    untilAborted(closeShard({ ...parts, open: shard, findEnd }, held.lost), held.lost)
  // Shard 0 is in every map.
  const [first, ...others] = open as [OpenShard, ...OpenShard[]]
  const end = await close(first, ownEnd)
  const closed = [end, ...(await Promise.all(others.map((shard) => close(shard, endOf(end)))))]
  const { snapshot } = end
  if (!(await store.changeShards({ closed, snapshot, ranges: divideBuckets(shards) }))) throw interrupted()
}

function collecting(parked: ParkedOnClosing[]): Emitter<RelayEvents> {
  const events = new Emitter<RelayEvents>('relay')
  const keep = ({ topic, error }: { readonly topic: string; readonly error: PigeonholeError }): void =>
    void parked.push({ topic, errorCode: error.code, error: error.message })
  events.on('record:parked', keep)
  events.on('topic:paused', keep)
  return events
}

// Those that own something, and those that are to come back.
function concerned(map: readonly MappedShard[], shards: number): number[] {
  return map.filter(({ shard, buckets }) => buckets !== null || shard < shards).map(({ shard }) => shard)
}

function isTakenOver(error: unknown): boolean {
  return isPigeonholeError(error, 'LEASE_LOST', 'INTENT_ORPHANED', 'PRODUCER_FENCED')
}

function interrupted(cause?: unknown): PigeonholeError<'RESHARD_INTERRUPTED'> {
  return new PigeonholeError('RESHARD_INTERRUPTED', {
    message:
      'Another process took a shard while the outbox was divided anew, or the database has lost what was written for it: ' +
      'nothing is changed, and the relays go on as before. ' +
      'Run it again, one at a time',
    details: {},
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  })
}
