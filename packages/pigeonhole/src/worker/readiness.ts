import { isPigeonholeError, type RelayShardStatus, type ShardState } from '@pigeonhole/core'

/** What `/readyz` answers. */
export interface Readiness {
  readonly ready: boolean
  readonly shards: readonly { readonly shard: number; readonly state: ShardState }[]
  /** Why it is not ready: the code of an error, or the state in capitals. */
  readonly reason?: string
  /** The error's own words. */
  readonly message?: string
}

// The gravest first.
const unready: readonly ShardState[] = ['halted', 'waiting', 'opening', 'stopped']

/** A worker is ready when each of its shards publishes, or stands by for another worker that does. */
export function readinessOf(statuses: readonly RelayShardStatus[]): Readiness {
  const shards = statuses.map(({ shard, state }) => ({ shard, state }))
  const worst = unready.flatMap((state) => statuses.filter((status) => status.state === state))[0]
  if (!worst) return { ready: true, shards }
  const { error, state } = worst
  if (isPigeonholeError(error)) return { ready: false, shards, reason: error.code, message: error.message }
  return { ready: false, shards, reason: state.toUpperCase() }
}
