// A log in which plain kafkajs gives aborted records to a read_committed consumer.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Topic } from '@pigeonhole/core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { InboxLab } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
/** Where kafkajs and a codec that users plug into it are found. */
const cwd = path.resolve(import.meta.dirname, '../../packages/kafkajs')

let lab: InboxLab
let orders: Topic<string>
const committed: string[] = []

beforeAll(async () => {
  lab = await InboxLab.open(servers)
  orders = await lab.createTopic()
  await writeLog()
})
afterAll(() => lab[Symbol.asyncDispose]())

// Two transactions of two producers, one of which is aborted, take turns on the partition, each record in a batch of its own.
async function writeLog(): Promise<void> {
  const [a, b] = [await lab.transactional(`${lab.name}-a`), await lab.transactional(`${lab.name}-b`)]
  const key = Buffer.alloc(4)
  for (let round = 0; round < 6; round += 1) {
    const [aborting, committing] = await Promise.all([a.transaction(), b.transaction()])
    for (let n = 0; n < 4; n += 1) {
      // 1: gzip, which kafkajs brings.
      const compression = round % 2
      const messages = (fate: string) => [{ key, value: `${fate}-${round}-${n}` }]
      await aborting.send({ topic: orders.name, compression, messages: messages('aborted') })
      await committing.send({ topic: orders.name, compression, messages: messages('committed') })
      committed.push(`committed-${round}-${n}`)
    }
    // Which ends first takes turns as well.
    if (round % 3 === 0) await committing.commit()
    await aborting.abort()
    if (round % 3 !== 0) await committing.commit()
  }
  await Promise.all([a.disconnect(), b.disconnect()])
  await run(`
    const producer = kafka.producer({ transactionalId: '${lab.name}-snappy', idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    for (const fate of ['aborted', 'committed']) {
      const transaction = await producer.transaction()
      const messages = [{ key: Buffer.alloc(4), value: fate + '-snappy' }]
      await transaction.send({ topic: '${orders.name}', compression: CompressionTypes.Snappy, messages })
      await (fate === 'aborted' ? transaction.abort() : transaction.commit())
    }
    await producer.disconnect()`)
  committed.push('committed-snappy')
}

/** Runs a program with a Kafka client in a process, and so a copy of kafkajs, of its own. Resolves to what it prints. */
async function run(program: string, before = ''): Promise<string> {
  const opening = `
    ${before}
    const { default: kafkajs, CompressionTypes, Kafka, logLevel } = await import('kafkajs')
    const { default: snappy } = await import('kafkajs-snappy')
    kafkajs.CompressionCodecs[CompressionTypes.Snappy] = snappy
    const kafka = new Kafka({ brokers: ${JSON.stringify(lab.brokers)}, logLevel: logLevel.NOTHING, retry: { retries: 20 } })`
  const args = ['--input-type=module', '-e', `${opening}\n${program}`]
  return (await promisify(execFile)(process.execPath, args, { cwd, timeout: 120_000 })).stdout
}

/** How a consumer reads: with its defaults, or so that each fetch brings one batch and ends inside of a transaction. */
const fetches: [string, object][] = [
  ['large fetches', {}],
  ['fetches that split transactions', { maxBytesPerPartition: 1, maxBytes: 1 }],
]

const newConsumer = (group: string, settings: object): string =>
  `kafka.consumer({ groupId: '${group}', maxWaitTimeInMs: 50, ...${JSON.stringify(settings)} })`

describe('a log of two transactional producers, one of which aborts', () => {
  it('has plain kafkajs hand out aborted records', async () => {
    const printed = await run(`
      const consumer = ${newConsumer(`${lab.name}-plain`, {})}
      await consumer.connect()
      await consumer.subscribe({ topic: '${orders.name}', fromBeginning: true })
      const values = []
      await new Promise((resolve) => consumer.run({
        eachMessage: async ({ message }) => {
          values.push(String(message.value))
          if (values.at(-1) === 'committed-snappy') resolve()
        },
      }))
      await consumer.disconnect()
      console.log(JSON.stringify(values))`)
    expect((JSON.parse(printed) as string[]).filter((value) => value.startsWith('aborted'))).not.toEqual([])
  })

  it.each(
    ['before kafkajs', 'after the consumer was made'].flatMap((imported) =>
      fetches.map(([name, settings]) => [name, imported, settings] as const),
    ),
  )('is handled by runInbox without them, with %s, imported %s', async (name, imported, settings) => {
    const inbox = `${lab.name} ${imported} ${name}`.replaceAll(' ', '-')
    const ours = `const [{ createInbox, on, textCodec, topic }, { runInbox }, { postgresStore }, { default: pg }] = await Promise.all(
      ['@pigeonhole/core', '@pigeonhole/kafkajs', '@pigeonhole/postgres', 'pg'].map((it) => import(it)))`
    const isFirst = imported === 'before kafkajs'
    const program = `
      const consumer = ${newConsumer(inbox, settings)}
      ${isFirst ? '' : ours}
      const pool = new pg.Pool({ connectionString: '${lab.databaseUrl}' })
      const values = []
      let last
      const done = new Promise((resolve) => { last = resolve })
      const running = await runInbox(consumer, createInbox({ store: postgresStore(pool), name: '${inbox}' }), {
        handlers: [on(topic('${orders.name}', { codec: textCodec }), ({ message }) => {
          values.push(message.value)
          if (message.value === 'committed-snappy') last()
        })],
      })
      await done
      await running.stop()
      await pool.end()
      console.log(JSON.stringify(values))`
    expect(JSON.parse(await run(program, isFirst ? ours : ''))).toEqual(committed)
  })
})
