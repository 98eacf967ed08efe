import { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { ResolvedRelayOptions } from './relay-options.js'
import type { Shard } from './shard.js'

/**
 * Resolves when every message that was committed before the call is confirmed, as the database knows it: whichever
 * process holds the shard.
 * @throws DEADLINE_EXCEEDED when `signal` aborts first; the error of a shard of this process that has halted.
 */
export async function drainShards(
  { store, clock, pollMs }: Pick<ResolvedRelayOptions, 'store' | 'clock' | 'pollMs'>,
  shards: readonly Shard[],
  signal: AbortSignal,
): Promise<void> {
  const mark = await store.readSnapshot()
  for (const shard of shards) {
    shard.wake()
    for (;;) {
      const cursor = await store.readConfirmedCursor(shard.number)
      if (cursor && (await store.isCovered(mark, cursor))) break
      if (shard.state === 'halted') throw shard.error
      if (signal.aborted) throw expired()
      await clock.sleep(pollMs, signal)
    }
  }
}

function expired(): PigeonholeError {
  return new PigeonholeError('DEADLINE_EXCEEDED', {
    message:
      'The drain was given up before all messages committed earlier were confirmed: they stay in the outbox',
    details: { operation: 'drain' },
    retryable: true,
  })
}
