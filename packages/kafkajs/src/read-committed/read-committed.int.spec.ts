import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { promisify } from 'node:util'
import { createTopics } from '@pigeonhole/testing'
import kafkajs, { CompressionTypes, Kafka, logLevel, type Producer, type Transaction } from 'kafkajs'
// @ts-expect-error: it comes without types.
import snappy from 'kafkajs-snappy'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

const brokers = inject('kafkaBrokers')
const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 5, retries: 20 } })
const topic = `read-committed-${randomUUID()}`
const zeroKey = Buffer.from([0, 0, 0, 0])

/** What was committed, or sent without a transaction, in the order of the log. */
const committed: string[] = []
const aborted: string[] = []

// A codec that kafkajs does not bring: users plug it in.
kafkajs.CompressionCodecs[CompressionTypes.Snappy] = snappy

let producers: Record<'a' | 'b' | 'c', Producer>

beforeAll(async () => {
  await createTopics(brokers, [{ topic, numPartitions: 1 }])
  producers = { a: await connect(), b: await connect(), c: await connect() }
  await interleaveProducers()
  await repeatOneProducer()
  await sendZeroKeys()
  await sendCompressed('gzip', CompressionTypes.GZIP)
  await sendCompressed('snappy', CompressionTypes.Snappy)
  await sendOutsideTransactions()
  await abort(await begin('a'), 'behind everything that is committed')
})

afterAll(() => Promise.all(Object.values(producers).map((producer) => producer.disconnect())))

async function connect(): Promise<Producer> {
  const producer = kafka.producer({ transactionalId: randomUUID(), idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  return producer
}

function begin(name: 'a' | 'b' | 'c'): Promise<Transaction> {
  return producers[name].transaction()
}

interface Sending {
  readonly compression?: CompressionTypes
  readonly key?: Buffer
}

async function send(
  transaction: Transaction,
  value: string,
  { compression, key }: Sending = {},
): Promise<void> {
  const messages = [{ key: key ?? 'key', value }]
  await transaction.send({ topic, messages, ...(compression === undefined ? {} : { compression }) })
}

async function abort(transaction: Transaction, ...values: string[]): Promise<void> {
  for (const value of values) await send(transaction, value)
  aborted.push(...values)
  await transaction.abort()
}

async function commit(transaction: Transaction, ...values: string[]): Promise<void> {
  for (const value of values) await send(transaction, value)
  committed.push(...values)
  await transaction.commit()
}

// The transaction that begins first ends last, so that the broker lists it last.
async function interleaveProducers(): Promise<void> {
  const a = await begin('a')
  const b = await begin('b')
  const c = await begin('c')
  for (const value of ['a1', 'a2']) await send(a, value)
  for (const value of ['b1', 'b2']) await send(b, value)
  await send(a, 'a3')
  await commit(c, 'c1 between aborted ones')
  await abort(b, 'b3')
  await commit(await begin('b'), 'b4 behind its own aborted one')
  await abort(a, 'a4', 'a5')
  aborted.push('a1', 'a2', 'b1', 'b2', 'a3')
}

async function repeatOneProducer(): Promise<void> {
  for (let n = 0; n < 3; n += 1) {
    await abort(await begin('a'), `a aborts ${n} first`, `a aborts ${n} last`)
    await commit(await begin('a'), `a commits ${n}`)
  }
}

async function sendZeroKeys(): Promise<void> {
  const transaction = await begin('a')
  await send(transaction, 'zero key', { key: zeroKey })
  aborted.push('zero key')
  await abort(transaction, 'behind a zero key')
  const other = await begin('b')
  await send(other, 'committed zero key', { key: zeroKey })
  committed.push('committed zero key')
  await commit(other, 'behind a committed zero key')
}

async function sendCompressed(codec: string, compression: CompressionTypes): Promise<void> {
  const [a, b] = [await begin('a'), await begin('b')]
  const messages = (name: string) =>
    ['1', '2', '3'].map((n) => ({ key: 'key', value: `${name} ${codec} ${n}` }))
  await a.send({ topic, compression, messages: messages('a') })
  await b.send({ topic, compression, messages: messages('b') })
  await send(a, `a ${codec} 4`, { compression })
  committed.push(...messages('b').map(({ value }) => value))
  aborted.push(...messages('a').map(({ value }) => value), `a ${codec} 4`)
  await b.commit()
  await a.abort()
}

async function sendOutsideTransactions(): Promise<void> {
  const a = await begin('a')
  await send(a, 'before a plain record')
  aborted.push('before a plain record')
  const plain = kafka.producer()
  await plain.connect()
  await plain.send({ topic, messages: [{ key: zeroKey, value: 'plain record' }] })
  await plain.disconnect()
  committed.push('plain record')
  await abort(a, 'behind a plain record')
}

type Importing = 'never' | 'before kafkajs' | 'after the consumer'

interface Reading {
  readonly importing: Importing
  /** Settings of the consumer. */
  readonly consumer?: object
}

/**
 * What a consumer in a process of its own is given, from the start of the log until it has moved past its end. The
 * process's copy of kafkajs is corrected only if the reading says so.
 */
async function read({ importing, consumer = {} }: Reading): Promise<string[]> {
  const correct = `const { correctReadCommitted } = await import('@pigeonhole/kafkajs'); correctReadCommitted()`
  const program = `
    ${importing === 'before kafkajs' ? correct : ''}
    const { default: kafkajs, CompressionTypes, Kafka, logLevel } = await import('kafkajs')
    const { default: snappy } = await import('kafkajs-snappy')
    kafkajs.CompressionCodecs[CompressionTypes.Snappy] = snappy
    const kafka = new Kafka({ brokers: ${JSON.stringify(brokers)}, logLevel: logLevel.NOTHING })
    const admin = kafka.admin()
    await admin.connect()
    const [{ high }] = await admin.fetchTopicOffsets('${topic}')
    const consumer = kafka.consumer({ groupId: '${randomUUID()}', maxWaitTimeInMs: 50, ...${JSON.stringify(consumer)} })
    ${importing === 'after the consumer' ? correct : ''}
    const values = []
    const reached = new Promise((resolve) => {
      consumer.on('consumer.end_batch_process', ({ payload }) => BigInt(payload.lastOffset) + 1n >= BigInt(high) && resolve())
    })
    await consumer.connect()
    await consumer.subscribe({ topic: '${topic}', fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => void values.push(message.value.toString()) })
    await reached
    await consumer.disconnect()
    await admin.disconnect()
    console.log(JSON.stringify(values))`
  const cwd = path.resolve(import.meta.dirname, '../..')
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    cwd,
  })
  return JSON.parse(stdout) as string[]
}

describe('a read_committed consumer', () => {
  it('of plain kafkajs is given aborted records', async () => {
    const values = await read({ importing: 'never' })
    expect(values.filter((value) => aborted.includes(value))).not.toEqual([])
  })

  it.each(['before kafkajs', 'after the consumer'] as const)(
    'is given what was committed and nothing else, corrected %s',
    async (importing) => {
      expect(await read({ importing })).toEqual(committed)
    },
  )

  it('is given the same where each fetch brings one batch, and ends inside a transaction', async () => {
    const consumer = { maxBytesPerPartition: 1, maxBytes: 1 }
    expect(await read({ importing: 'before kafkajs', consumer })).toEqual(committed)
  })

  it('is given the same where each fetch brings a few batches', async () => {
    const consumer = { maxBytesPerPartition: 500 }
    expect(await read({ importing: 'before kafkajs', consumer })).toEqual(committed)
  })

  it('is given everything if it asks for uncommitted records', async () => {
    const values = await read({ importing: 'before kafkajs', consumer: { readUncommitted: true } })
    expect(values.toSorted()).toEqual([...committed, ...aborted].toSorted())
  })
})
