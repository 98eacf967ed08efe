import type { Relay } from '@pigeonhole/core'

/** Tells `listener` of each error that a shard of the relay has, also where it recovers from it. */
export function onShardError(
  relay: Pick<Relay, 'on'>,
  listener: (shard: number, error: unknown) => void,
): void {
  relay.on('shard:reopening', ({ shard, error }) => listener(shard, error))
  relay.on('shard:changed', ({ shard, error }) => {
    if (error !== undefined) listener(shard, error)
  })
}
