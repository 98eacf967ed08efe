import { isPigeonholeError, PigeonholeError } from '../errors/pigeonhole-error.js'
import type { Topic } from '../message/topic.js'
import { validateValue } from '../message/validate.js'
import type { Message } from './binding.js'
import type { Delivery } from './delivery.js'

/**
 * The message of a delivery.
 * @throws VALUE_UNDECODABLE, VALUE_INVALID
 */
export async function decodeMessage(
  topic: Topic<never, unknown>,
  delivery: Delivery,
  id: string | undefined,
): Promise<Message<never>> {
  const { key, headers, partition, offset, timestamp } = delivery
  const value = (await validated(topic, await decodeValue(topic, delivery.value))) as never
  return { topic: delivery.topic, id, key, value, headers, partition, offset, timestamp }
}

// A handler that publishes may be refused by another topic's schema, with the same code.
const refusals = new WeakSet<object>()

/** Whether `error` says that the schema of a message's own topic has refused it. */
export function isSchemaRefusal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && refusals.has(error)
}

async function validated(topic: Topic<never, unknown>, value: unknown): Promise<unknown> {
  try {
    return await validateValue(topic, value)
  } catch (error) {
    if (isPigeonholeError(error, 'VALUE_INVALID')) refusals.add(error)
    throw error
  }
}

async function decodeValue(topic: Topic<never, unknown>, bytes: Uint8Array | null): Promise<unknown> {
  if (bytes === null) return null
  try {
    return await topic.codec.decode(bytes)
  } catch (cause) {
    // The decoder's own message may quote the payload, so it is kept as the cause only.
    throw new PigeonholeError('VALUE_UNDECODABLE', {
      message:
        `A message of topic ${topic.name} (${bytes.length} bytes) cannot be decoded: ` +
        "check that its producer writes what the topic's codec reads",
      details: { topic: topic.name },
      cause,
    })
  }
}
