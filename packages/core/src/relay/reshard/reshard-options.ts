import { assertKnownOptions } from '../../options/known-options.js'
import { type RelayOptions, type ResolvedRelayOptions, resolveRelayOptions } from '../relay-options.js'

/** What {@link reshard} takes: of the outbox's relay, and how many shards there are to be. */
export interface ReshardOptions
  extends Pick<
    RelayOptions,
    'name' | 'store' | 'publisher' | 'batchRows' | 'batchBytes' | 'leaseMs' | 'renewMs' | 'clock'
  > {
  /** How many shards the outbox is to have, from 1 to 256. */
  readonly shards: number
}

// An object, so that the compiler misses a name that is left out.
const known: Record<keyof ReshardOptions, true> = {
  name: true,
  store: true,
  publisher: true,
  batchRows: true,
  batchBytes: true,
  leaseMs: true,
  renewMs: true,
  clock: true,
  shards: true,
}

/** @throws OPTION_INVALID */
export function resolveReshardOptions(options: ReshardOptions): ResolvedRelayOptions {
  assertKnownOptions('reshard', options, Object.keys(known))
  return resolveRelayOptions(options)
}
