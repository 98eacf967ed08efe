import { relaySettings } from './relay-settings.js'

const {
  name,
  databaseUrl,
  schema,
  brokers,
  kafkaSsl,
  kafkaSaslMechanism,
  kafkaSaslUsername,
  kafkaSaslPassword,
  checkpointReplicationFactor,
} = relaySettings

/** All that `pigeonhole adopt` can be told by flag or variable: the same as the relay, as far as it goes. */
export const adoptSettings: Pick<
  typeof relaySettings,
  | 'name'
  | 'databaseUrl'
  | 'schema'
  | 'brokers'
  | 'kafkaSsl'
  | 'kafkaSaslMechanism'
  | 'kafkaSaslUsername'
  | 'kafkaSaslPassword'
  | 'checkpointReplicationFactor'
> = {
  name,
  databaseUrl,
  schema,
  brokers,
  kafkaSsl,
  kafkaSaslMechanism,
  kafkaSaslUsername,
  kafkaSaslPassword,
  checkpointReplicationFactor,
}
