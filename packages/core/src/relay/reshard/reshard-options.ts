import { assertKnownOptions } from '../../options/known-options.js'
import { type RelayOptions, type ResolvedRelayOptions, resolveRelayOptions } from '../relay-options.js'

const taken = [
  'name',
  'store',
  'publisher',
  'batchRows',
  'batchBytes',
  'leaseMs',
  'renewMs',
  'clock',
] as const

/** What {@link reshard} takes: of the outbox's relay, and how many shards there are to be. */
export interface ReshardOptions extends Pick<RelayOptions, (typeof taken)[number]> {
  /** How many shards the outbox is to have, from 1 to 256. */
  readonly shards: number
}

/** @throws OPTION_INVALID */
export function resolveReshardOptions(options: ReshardOptions): ResolvedRelayOptions {
  assertKnownOptions('reshard', options, [...taken, 'shards'])
  return resolveRelayOptions(options)
}
