import { relayTopicPrefix } from '@pigeonhole/core'

// All start with `pigeonhole.`, so that one prefixed ACL serves.

/** The compacted topic in which a relay's checkpoints lie, a partition for each shard. */
export function checkpointTopicOf(relay: string): string {
  return `${relayTopicPrefix}${relay}`
}

/** The transactional id of a shard: who holds it is the shard's only producer. */
export function transactionalIdOf(relay: string, shard: number): string {
  return `pigeonhole.${relay}.${shard}`
}
