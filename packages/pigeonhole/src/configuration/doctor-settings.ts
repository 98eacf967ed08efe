import { relaySettings } from './relay-settings.js'
import { optional, type Setting } from './setting.js'

type Kept = Pick<
  typeof relaySettings,
  | 'schema'
  | 'kafkaSsl'
  | 'kafkaSaslMechanism'
  | 'kafkaSaslUsername'
  | 'kafkaSaslPassword'
  | 'shards'
  | 'leaseMs'
  | 'longTransactionMs'
  | 'transactionTimeoutMs'
  | 'maxRequestBytes'
  | 'checkpointReplicationFactor'
>

/** All that `pigeonhole doctor` can be told: what the relay is told, and none of it is needed. */
export const doctorSettings: Kept & {
  readonly name: Setting<string | undefined>
  readonly databaseUrl: Setting<string | undefined>
  readonly brokers: Setting<readonly string[] | undefined>
} = {
  name: optional(described(relaySettings.name), undefined),
  databaseUrl: optional(described(relaySettings.databaseUrl), undefined),
  schema: relaySettings.schema,
  brokers: optional(described(relaySettings.brokers), undefined),
  kafkaSsl: relaySettings.kafkaSsl,
  kafkaSaslMechanism: relaySettings.kafkaSaslMechanism,
  kafkaSaslUsername: relaySettings.kafkaSaslUsername,
  kafkaSaslPassword: relaySettings.kafkaSaslPassword,
  shards: relaySettings.shards,
  leaseMs: relaySettings.leaseMs,
  longTransactionMs: relaySettings.longTransactionMs,
  transactionTimeoutMs: relaySettings.transactionTimeoutMs,
  maxRequestBytes: relaySettings.maxRequestBytes,
  checkpointReplicationFactor: relaySettings.checkpointReplicationFactor,
}

/** A setting that the relay needs, without that. */
function described<T>({
  required,
  fallback,
  ...setting
}: Setting<T>): Omit<Setting<T>, 'required' | 'fallback'> {
  return setting
}
