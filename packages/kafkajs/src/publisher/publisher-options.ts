import { assertKnownOptions, assertWholeNumber, PigeonholeError } from '@pigeonhole/core'
import type { CompressionTypes } from 'kafkajs'

/** What {@link kafkajsPublisher} takes besides the Kafka instance. */
export interface KafkajsPublisherOptions {
  /**
   * After this time in milliseconds the broker aborts an unfinished transaction by itself, and a step that has not been
   * answered is given up. Longer: `read_committed` consumers wait longer behind a relay that died without a successor.
   * @default 10000
   */
  readonly transactionTimeoutMs?: number
  /**
   * Most bytes that one request carries for one partition, before compression. Keep it below the `max.message.bytes`
   * of every topic. A larger record is sent alone, and the broker decides.
   * @default 1000000
   */
  readonly maxRequestBytes?: number
  /** A codec of kafkajs's `CompressionTypes`. @default none */
  readonly compression?: CompressionTypes
  /** Replication factor of the checkpoint topic, where it is created. @default -1, the broker's own default */
  readonly checkpointReplicationFactor?: number
  /** Longest time in milliseconds to settle a predecessor, or to read the checkpoint topic. @default 15000 */
  readonly openTimeoutMs?: number
  /**
   * How long a topic's number of partitions is taken as known, in milliseconds. A topic that has been enlarged uses its
   * new partitions after this time.
   * @default 300000
   */
  readonly topicMetadataMaxAgeMs?: number
}

/** {@link KafkajsPublisherOptions} with every default in place. */
export type ResolvedPublisherOptions = Required<KafkajsPublisherOptions>

/** What kafkajs calls no compression. */
export const uncompressed: CompressionTypes.None = 0

const defaults = {
  transactionTimeoutMs: 10_000,
  maxRequestBytes: 1_000_000,
  compression: uncompressed,
  checkpointReplicationFactor: -1,
  openTimeoutMs: 15_000,
  topicMetadataMaxAgeMs: 300_000,
} satisfies ResolvedPublisherOptions

const wholeNumbers = [
  'transactionTimeoutMs',
  'maxRequestBytes',
  'openTimeoutMs',
  'topicMetadataMaxAgeMs',
] as const

/** @throws OPTION_INVALID */
export function resolvePublisherOptions(options: KafkajsPublisherOptions): ResolvedPublisherOptions {
  assertKnownOptions('kafkajsPublisher', options, Object.keys(defaults))
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const resolved: ResolvedPublisherOptions = { ...defaults, ...given }
  for (const option of wholeNumbers) assertWholeNumber(option, resolved[option], { min: 1 })
  assertWholeNumber('compression', resolved.compression, { min: 0, max: 4 })
  assertReplicationFactor(resolved.checkpointReplicationFactor)
  return resolved
}

function assertReplicationFactor(value: number): void {
  if (value === -1 || (Number.isSafeInteger(value) && value >= 1)) return
  throw new PigeonholeError('OPTION_INVALID', {
    message: `Option checkpointReplicationFactor is ${value}: it takes a whole number from 1, or -1 for the broker's default`,
    details: { option: 'checkpointReplicationFactor' },
  })
}
