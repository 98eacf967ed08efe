import {
  Kafka,
  type KafkaConfig,
  type LogEntry,
  logLevel,
  type RetryOptions,
  type SASLOptions,
} from 'kafkajs'
import { type kafkaSettings, type SaslCredentials, saslCredentials } from '../configuration/kafka-settings.js'
import type { Values } from '../configuration/setting.js'
import type { Logger } from '../logs/logger.js'

/** What a client is made with besides its settings. */
export interface KafkaClientOptions {
  readonly name: string
  readonly logger: Logger
  /** How kafkajs tries again to connect. Default: its own way, ten seconds long. */
  readonly retry?: RetryOptions
}

/**
 * How long a broker has for an answer, in milliseconds. kafkajs's own 30 s are what each connection to a broker that hangs would cost
 * before another one is asked; what a relay waits for has 10 s itself.
 */
const requestTimeoutMs = 10_000

/**
 * The worker's client of Kafka.
 * @throws OPTION_INVALID when credentials are given in part.
 */
export function createKafka(
  values: Values<typeof kafkaSettings>,
  { name, logger, retry }: KafkaClientOptions,
): Kafka {
  const credentials = saslCredentials(values)
  const config: KafkaConfig = {
    clientId: `pigeonhole.${name}`,
    brokers: [...values.brokers],
    ssl: values.kafkaSsl,
    requestTimeout: requestTimeoutMs,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => logEntry(logger, entry),
    ...(retry && { retry }),
  }
  return new Kafka(credentials ? { ...config, sasl: saslOptions(credentials) } : config)
}

/** A try for each address and one more, for where somebody waits for the answer. */
export function briefRetry(brokers: readonly string[]): RetryOptions {
  return { retries: brokers.length, initialRetryTime: 100, maxRetryTime: 500 }
}

// What kafkajs calls an error is an attempt that failed: whether it matters, the relay decides and logs itself.
function logEntry(logger: Logger, { namespace, log: { message, broker, error } }: LogEntry): void {
  logger.debug({ kafkajs: namespace, broker, error }, message)
}

function saslOptions({ mechanism, username, password }: SaslCredentials): SASLOptions {
  return { mechanism, username, password } as SASLOptions
}
