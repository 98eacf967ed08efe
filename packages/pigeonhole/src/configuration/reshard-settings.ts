import { wholeNumber } from './format.js'
import { relaySettings } from './relay-settings.js'
import { required, type Setting } from './setting.js'

type OfRelay = Pick<
  typeof relaySettings,
  | 'name'
  | 'databaseUrl'
  | 'schema'
  | 'brokers'
  | 'kafkaSsl'
  | 'kafkaSaslMechanism'
  | 'kafkaSaslUsername'
  | 'kafkaSaslPassword'
  | 'batchRows'
  | 'batchBytes'
  | 'leaseMs'
  | 'renewMs'
  | 'transactionTimeoutMs'
  | 'maxRequestBytes'
  | 'checkpointReplicationFactor'
>

const {
  shards,
  host,
  port,
  pageToken,
  logLevel,
  traces,
  openTimeoutMs,
  drainTimeoutMs,
  pollMs,
  idlePollMs,
  retentionMs,
  measureMs,
  longTransactionMs,
  ...ofRelay
} = relaySettings

/** All that `pigeonhole reshard` can be told: what its relay is told, and how many shards there are to be. */
export const reshardSettings: OfRelay & { readonly shards: Setting<number> } = {
  ...ofRelay,
  shards: required({
    flag: '--shards <number>',
    variables: [],
    about: 'how many shards the outbox is to have',
    format: wholeNumber({ min: 1, max: 256 }),
  }),
}
