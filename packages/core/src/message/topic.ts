import type { StandardSchemaV1 } from '@standard-schema/spec'
import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { type Codec, jsonCodec } from './codec.js'

/** A key as a publisher writes it. Strings are sent as UTF-8. */
export type KeyInput = string | Uint8Array | null | undefined

/** What {@link topic} takes besides the name. */
export interface TopicOptions<In, Out> {
  /**
   * Any Standard Schema (zod, valibot, arktype …). Published values must pass it, and are sent as they were given;
   * consumed values are handled as the schema returns them. Default: none, values are taken on trust.
   */
  readonly schema?: StandardSchemaV1<In, Out>
  /** The key of a value. Messages of one key keep their order. Default: no key. */
  readonly key?: (value: In) => KeyInput
  /** How values become bytes. Default {@link jsonCodec}. */
  readonly codec?: Codec<In>
}

/** A Kafka topic with the type of its values: `In` as published, `Out` as handled. */
export interface Topic<In, Out = In> {
  readonly name: string
  /** Its input is not spelled out, so that a `Topic<In, Out>` is usable where only one of the two types matters. */
  readonly schema: StandardSchemaV1<unknown, Out> | undefined
  /** The key of a value; none where the topic was declared without. */
  readonly key: ((value: In) => KeyInput) | undefined
  /** How values become bytes, and bytes values. */
  readonly codec: {
    /** The bytes that are sent. */
    readonly encode: Codec<In>['encode']
    /** The value before its schema has looked at it. */
    readonly decode: Codec<unknown>['decode']
  }
}

// Kafka's own rule: org.apache.kafka.common.internals.Topic.
const legalName = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/

/**
 * Names a topic and the type of its values.
 * @throws TOPIC_NAME_INVALID
 */
export function topic<In, Out = In>(name: string, options: TopicOptions<In, Out> = {}): Topic<In, Out> {
  assertTopicName(name)
  return {
    name,
    schema: options.schema as StandardSchemaV1<unknown, Out> | undefined,
    key: options.key,
    codec: options.codec ?? (jsonCodec as Codec<In>),
  }
}

/** What the names of the topics begin with in which relays keep their checkpoints. */
export const relayTopicPrefix = 'pigeonhole.relay.'

/** @throws TOPIC_NAME_INVALID when nothing may be published to `name`: Kafka would refuse it, or it is a relay's own. */
export function assertPublishableTopic(name: string): void {
  assertTopicName(name)
  if (!name.startsWith(relayTopicPrefix)) return
  throw new PigeonholeError('TOPIC_NAME_INVALID', {
    message: `Topic ${name} is one in which a relay keeps its checkpoints: a message in it would stop the relay for good`,
    details: { topic: name },
  })
}

/** @throws TOPIC_NAME_INVALID when Kafka would refuse `name`. */
export function assertTopicName(name: string): void {
  if (legalName.test(name)) return
  throw new PigeonholeError('TOPIC_NAME_INVALID', {
    message: `Topic name ${JSON.stringify(name)} is not one that Kafka accepts: use 1 to 249 of a-z A-Z 0-9 . _ -`,
    details: { topic: name },
  })
}
