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
import { endBySignal } from '../command/end-by-signal.js'
import { readMilliseconds } from '../command/read-milliseconds.js'
import { withPool } from '../command/with-pool.js'
import { resolveSettings } from '../configuration/resolve-settings.js'
import { sendSettings } from '../configuration/send-settings.js'
import { sourcesOf } from '../configuration/sources.js'
import { warnOfUnknownVariables } from '../configuration/unknown-variables.js'
import { createKafka } from '../worker/kafka-client.js'
import { createLogger } from '../worker/logger.js'
import { Publication } from './publication.js'

const defaultTimeoutMs = 30_000
const patienceMs = 2_000
const publishTimeoutMs = 10_000

/** `pigeonhole send`: publishes a message through the outbox, and waits until a read_committed consumer sees it. */
export async function send(context: CommandContext): Promise<void> {
  const publication = new Publication()
  const release = endBySignal({ account: () => publication.account(), warn: context.terminal.warn })
  try {
    await sendThrough(publication, context)
  } finally {
    release()
  }
}

async function sendThrough(
  publication: Publication,
  { flags, words, environment, file, terminal }: CommandContext,
): Promise<void> {
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const values = resolveSettings(sendSettings, sourcesOf({ flags, environment, file }))
  const timeoutMs = readMilliseconds('timeout-ms', flags['timeoutMs']) ?? defaultTimeoutMs
  const message = messageOf(words, flags)
  const kafka = createKafka(values, { name: 'send', logger: createLogger('error') })
  // The end of the log is noted first: the message comes behind it. Of a topic that is not there nothing is published.
  const watch = await watchTopic(kafka, message.topic)
  try {
    const config = { connectionString: values.databaseUrl, max: 1, application_name: 'pigeonhole send' }
    const id = await withPool(config, (pool) =>
      publication.run((commits) => publish(pool, { schema: values.schema, message, commits })),
    )
    const tell = setTimeout(() => {
      terminal.warn(`committed to the outbox as ${id}; waiting for a relay to send it\n`)
    }, patienceMs)
    const found = await find(watch, id, timeoutMs).finally(() => clearTimeout(tell))
    publication.seen()
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

interface Publishing {
  readonly schema: string
  readonly message: RawMessage
  /** Told the id of the message when nothing but COMMIT is left. */
  readonly commits: (id: string) => void
}

// In a transaction of the store's: an end of which nothing is known is told as one.
async function publish(pool: pg.Pool, { schema, message, commits }: Publishing): Promise<string> {
  const store = postgresStore(pool, { schema })
  const outbox = createOutbox({ store })
  return await store.transaction({ timeoutMs: publishTimeoutMs }, async (tx) => {
    const [id = ''] = await outbox.publishRaw(tx, [message])
    commits(id)
    return id
  })
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
