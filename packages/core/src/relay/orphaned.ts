import { PigeonholeError } from '../errors/pigeonhole-error.js'

/** The error of an intent that was not written because its parent is gone. */
export function orphaned(shard: number, batch: number): PigeonholeError<'INTENT_ORPHANED'> {
  return new PigeonholeError('INTENT_ORPHANED', {
    message: `Batch ${batch} of shard ${shard} has lost its parent: another relay has opened the shard. It opens again`,
    details: { shard, batch },
    retryable: true,
  })
}
