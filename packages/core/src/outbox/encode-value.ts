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
    return assertBytes(await topic.codec.encode(value))
  } catch (cause) {
    // A foreign codec's own message may quote the value, so it is kept as the cause only.
    throw new PigeonholeError('VALUE_NOT_SERIALISABLE', {
      message:
        `A value for topic ${topic.name} cannot be turned into bytes by the topic's codec, see the cause: ` +
        'JSON has no form for a cycle, a bigint, a function or undefined',
      details: { topic: topic.name },
      cause,
    })
  }
}

// Bytes that are missing would become a tombstone.
function assertBytes(encoded: unknown): Uint8Array {
  if (encoded instanceof Uint8Array) return encoded
  throw new TypeError(`the codec's encode gave a ${typeof encoded} instead of bytes`)
}
