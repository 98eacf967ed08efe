import {
  createOutbox,
  topic as declareTopic,
  isPigeonholeError,
  PigeonholeError,
  type RawMessage,
} from '@pigeonhole/core'
import { type FoundMessage, type TopicWatch, watchTopic } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import type pg from 'pg'
import type { CommandContext } from '../command/context.js'
import { readMilliseconds } from '../command/read-milliseconds.js'
import { withPool } from '../command/with-pool.js'
import { resolveSettings } from '../configuration/resolve-settings.js'
import { sendSettings } from '../configuration/send-settings.js'
import { sourcesOf } from '../configuration/sources.js'
import { warnOfUnknownVariables } from '../configuration/unknown-variables.js'
import { createKafka } from '../worker/kafka-client.js'
import { createLogger } from '../worker/logger.js'

const defaultTimeoutMs = 30_000
const patienceMs = 2_000
const publishTimeoutMs = 10_000

/** `pigeonhole send`: publishes a message through the outbox, and waits until a read_committed consumer sees it. */
export async function send({ flags, words, environment, file, terminal }: CommandContext): Promise<void> {
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const values = resolveSettings(sendSettings, sourcesOf({ flags, environment, file }))
  const timeoutMs = readMilliseconds('timeout-ms', flags['timeoutMs']) ?? defaultTimeoutMs
  const message = messageOf(words, flags)
  const kafka = createKafka(values, { name: 'send', logger: createLogger('error') })
  // The end of the log is noted first: the message comes behind it. Of a topic that is not there nothing is published.
  const watch = await watchTopic(kafka, message.topic)
  try {
    const config = { connectionString: values.databaseUrl, max: 1, application_name: 'pigeonhole send' }
    const id = await withPool(config, (pool) => publish(pool, values.schema, message))
    const tell = setTimeout(() => {
      terminal.warn(`committed to the outbox as ${id}; waiting for a relay to send it\n`)
    }, patienceMs)
    const found = await find(watch, id, timeoutMs).finally(() => clearTimeout(tell))
    terminal.print(flags['json'] === true ? toJson(message, id, found) : describe(message, id, found))
  } finally {
    await watch.close()
  }
}

function messageOf(words: readonly string[], flags: CommandContext['flags']): RawMessage {
  const [given = '', value] = words
  // Kafka's answer to a name that it takes for none does not say so.
  const topic = declareTopic(given).name
  const { key, tombstone } = flags
  if (key === '') throw invalid('key', '--key is empty: leave it out for a message without a key')
  if (tombstone !== true) {
    if (value === undefined) throw invalid('value', "missing required argument 'value', or --tombstone")
    return { topic, value, ...(typeof key === 'string' && { key }) }
  }
  if (value !== undefined)
    throw invalid('tombstone', 'A value and --tombstone are both given: a tombstone has none')
  if (typeof key !== 'string')
    throw invalid('key', 'A tombstone needs --key: it says which key has no value any more')
  return { topic, value: null, key }
}

function invalid(option: string, message: string): PigeonholeError<'OPTION_INVALID'> {
  return new PigeonholeError('OPTION_INVALID', { message, details: { option } })
}

// In a transaction of the store's: an end of which nothing is known is told as one.
async function publish(pool: pg.Pool, schema: string, message: RawMessage): Promise<string> {
  const store = postgresStore(pool, { schema })
  const outbox = createOutbox({ store })
  const [id = ''] = await store.transaction({ timeoutMs: publishTimeoutMs }, (tx) =>
    outbox.publishRaw(tx, [message]),
  )
  return id
}

async function find(watch: TopicWatch, id: string, timeoutMs: number): Promise<FoundMessage> {
  try {
    return await watch.find(id, AbortSignal.timeout(timeoutMs))
  } catch (error) {
    if (!isPigeonholeError(error, 'DEADLINE_EXCEEDED')) throw error
    throw new PigeonholeError('DEADLINE_EXCEEDED', {
      message:
        `Message ${id} is committed to the outbox, and nobody has seen it in Kafka within ${timeoutMs} ms. It is sent as soon as ` +
        'a relay runs and may: pigeonhole status. Do not send it again',
      details: { operation: 'send' },
      cause: error,
      retryable: false,
    })
  }
}

function describe({ topic }: RawMessage, id: string, { partition, offset }: FoundMessage): string {
  return `${topic} partition ${partition} offset ${offset}, message ${id}\n`
}

// Offsets are numbers of 64 bits: JSON has them as text.
function toJson({ topic }: RawMessage, id: string, { partition, offset }: FoundMessage): string {
  return `${JSON.stringify({ topic, partition, offset: String(offset), id }, null, 2)}\n`
}
