import { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { Topic } from '../message/topic.js'
import { validateValue } from '../message/validate.js'

/**
 * The bytes of `value`, which must pass the topic's schema and is sent as it was given: the schema's input is what
 * travels, so that the consumer's schema, with its transformations, reads it again.
 * @throws VALUE_INVALID, VALUE_NOT_SERIALISABLE
 */
export async function encodeValue<In>(topic: Topic<In, unknown>, value: In): Promise<Uint8Array> {
  await validateValue(topic, value)
  try {
    return await topic.codec.encode(value)
  } catch (cause) {
    throw new PigeonholeError('VALUE_NOT_SERIALISABLE', {
      message: `A value for topic ${topic.name} cannot be turned into bytes: ${cause instanceof Error ? cause.message : 'refused by the codec'}`,
      details: { topic: topic.name },
      cause,
    })
  }
}
