import { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { RelayStore } from '../ports/relay-store.js'
import type { ResolvedRelayOptions } from './relay-options.js'
import type { Shard } from './shard.js'
import { activeShards } from './shard-map.js'

/** What of a store tells how far an outbox is sent. */
export type DrainedStore = Pick<
  RelayStore,
  'readSnapshot' | 'readShards' | 'readConfirmedCursor' | 'isCovered'
>

interface DrainOptions extends Pick<ResolvedRelayOptions, 'clock' | 'pollMs'> {
  readonly store: DrainedStore
}

/**
 * Resolves when every message that was committed before the call is confirmed, as the database knows it: whichever
 * process holds its shard, and also where the map of shards changes meanwhile. `own`: the shards of this process.
 * @throws DEADLINE_EXCEEDED when `signal` aborts first; the error of a shard of this process that has halted.
 */
export async function drainOutbox(
  options: DrainOptions,
  own: readonly Shard[],
  signal: AbortSignal,
): Promise<void> {
  const { store } = options
  const drain = { mark: await store.readSnapshot(), own, signal }
  for (const shard of own) shard.wake()
  let map: readonly number[] = []
  for (;;) {
    const active = activeShards(await store.readShards())
    // What moved to another shard behind our back is looked for there. A map that is the same again was not changed, or
    // twice after the mark was taken, and a change confirms all that was committed before it.
    if (active.length > 0 && String(active) === String(map)) return
    map = active
    if (active.length === 0) await pause(options, drain, [])
    for (const number of active) await drainShard(options, drain, number)
  }
}

/** The same for `shards` of this process only. */
export async function drainShards(
  options: DrainOptions,
  shards: readonly Shard[],
  signal: AbortSignal,
): Promise<void> {
  const drain = { mark: await options.store.readSnapshot(), own: shards, signal }
  for (const shard of shards) {
    shard.wake()
    await drainShard(options, drain, shard.number)
  }
}

interface Drain {
  readonly mark: string
  /** Shards of this process. */
  readonly own: readonly Shard[]
  readonly signal: AbortSignal
}

async function drainShard(options: DrainOptions, drain: Drain, number: number): Promise<void> {
  const { store } = options
  for (;;) {
    const cursor = await store.readConfirmedCursor(number)
    if (cursor && (await store.isCovered(number, drain.mark, cursor))) return
    await pause(options, drain, [number])
  }
}

async function pause(
  { clock, pollMs }: DrainOptions,
  { own, signal }: Drain,
  waited: readonly number[],
): Promise<void> {
  const halted = own.find(({ number, state }) => waited.includes(number) && state === 'halted')
  if (halted) throw halted.error
  if (signal.aborted) throw expired()
  await clock.sleep(pollMs, signal)
}

function expired(): PigeonholeError {
  return new PigeonholeError('DEADLINE_EXCEEDED', {
    message:
      'The drain was given up before all messages committed earlier were confirmed: they stay in the outbox',
    details: { operation: 'drain' },
    retryable: true,
  })
}
