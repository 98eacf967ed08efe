import { PigeonholeError } from '@pigeonhole/core'
import { addresses, oneOf, text, yesOrNo } from './format.js'
import { optional, required, type Setting, type Values } from './setting.js'

/** How a client proves who it is. */
export type SaslMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512'

/** Which Kafka cluster, and how to get in. */
export const kafkaSettings: {
  readonly brokers: Setting<readonly string[]>
  readonly kafkaSsl: Setting<boolean>
  readonly kafkaSaslMechanism: Setting<SaslMechanism | undefined>
  readonly kafkaSaslUsername: Setting<string | undefined>
  readonly kafkaSaslPassword: Setting<string | undefined>
} = {
  brokers: required({
    flag: '--brokers <list>',
    variables: ['PIGEONHOLE_BROKERS', 'KAFKA_BROKERS'],
    about: 'bootstrap addresses of the Kafka cluster: host:port, separated by commas',
    format: addresses,
  }),
  kafkaSsl: optional(
    {
      flag: '--kafka-ssl',
      variables: ['PIGEONHOLE_KAFKA_SSL'],
      about: 'connect to Kafka by TLS',
      format: yesOrNo,
    },
    false,
  ),
  kafkaSaslMechanism: optional(
    {
      variables: ['PIGEONHOLE_KAFKA_SASL_MECHANISM'],
      about: 'how to authenticate to Kafka: plain, scram-sha-256 or scram-sha-512',
      format: oneOf('plain', 'scram-sha-256', 'scram-sha-512'),
    },
    undefined,
  ),
  kafkaSaslUsername: optional(
    { variables: ['PIGEONHOLE_KAFKA_SASL_USERNAME'], about: 'the user for Kafka', format: text },
    undefined,
  ),
  kafkaSaslPassword: optional(
    {
      variables: ['PIGEONHOLE_KAFKA_SASL_PASSWORD'],
      about: 'the password for Kafka',
      format: text,
      secret: true,
    },
    undefined,
  ),
}

/** Credentials for Kafka. */
export interface SaslCredentials {
  readonly mechanism: SaslMechanism
  readonly username: string
  readonly password: string
}

/**
 * The credentials for Kafka; undefined when none are given.
 * @throws OPTION_INVALID when only some of mechanism, user and password are given.
 */
export function saslCredentials(values: Values<typeof kafkaSettings>): SaslCredentials | undefined {
  const { kafkaSaslMechanism: mechanism, kafkaSaslUsername: username, kafkaSaslPassword: password } = values
  if (mechanism !== undefined && username !== undefined && password !== undefined)
    return { mechanism, username, password }
  if (mechanism === undefined && username === undefined && password === undefined) return undefined
  throw new PigeonholeError('OPTION_INVALID', {
    message:
      'PIGEONHOLE_KAFKA_SASL_MECHANISM, PIGEONHOLE_KAFKA_SASL_USERNAME and PIGEONHOLE_KAFKA_SASL_PASSWORD belong ' +
      'together: set all of them, or none',
    details: { option: 'kafkaSaslMechanism' },
  })
}
