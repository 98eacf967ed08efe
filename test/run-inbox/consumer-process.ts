// A consumer in a process of its own. What its handler does is what the message says.
import { setTimeout as delay } from 'node:timers/promises'
import { createInbox, type HandlerContext, textCodec, topic } from '@pigeonhole/core'
import { on, runInbox } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import type { ConsumerProcessMessage, ConsumerProcessOptions } from './consumer-process-protocol.js'

const options = JSON.parse(process.argv[2] ?? '{}') as ConsumerProcessOptions
const { databaseUrl, brokers, name, attempts, group, timeoutMs, dedupe } = options
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 })

function tell(message: ConsumerProcessMessage): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, () => resolve())
  })
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

async function handle({ message, tx, signal }: HandlerContext<pg.ClientBase, string>): Promise<void> {
  const { value, key } = message
  await tell({ type: 'handling', value })
  await tx.query('INSERT INTO effect (value, key) VALUES ($1, $2)', [value, key])
  if (value.startsWith('exit')) process.exit(3)
  // When others have begun as well.
  if (value.startsWith('late')) await delay(300).then(() => process.exit(3))
  if (value.startsWith('memory'))
    for (const held: unknown[] = []; ; ) held.push(new Array(10_000).fill(held.length))
  if (value.startsWith('loop')) for (;;);
  if (value.startsWith('throw')) throw new Error(value)
  if (value.startsWith('slow')) await delay(700, undefined, { signal })
  // Heedless of its signal.
  if (value.startsWith('deaf')) await delay(700)
  if (value.startsWith('hold') && options.holds) await aborted(signal)
}

const inbox = createInbox({ store: postgresStore(pool), name, timeoutMs, dedupe })
for (const event of ['message:handled', 'message:parked'] as const)
  inbox.on(event, () => void tell({ type: 'done' }))
const kafka = new Kafka({
  brokers: [...brokers],
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 50 },
})
const consumer = kafka.consumer({
  groupId: name,
  maxWaitTimeInMs: 200,
  heartbeatInterval: 300,
  sessionTimeout: 6_000,
  rebalanceTimeout: 10_000,
})
setInterval(() => void tell({ type: 'tick' }), 100)
const run = await runInbox(consumer, inbox, {
  handlers: options.topics.map((it) => on(topic<string>(it, { codec: textCodec }), handle, { group })),
  backoff: { initialMs: 50, maxMs: 200 },
  commitIntervalMs: 50,
  parkedPollMs: 50,
  attempts,
})
for (const event of ['partition:claimed', 'partition:careful', 'partition:held', 'partition:lost'] as const)
  run.on(event, (data) => {
    const told = JSON.stringify(data, (_, it: unknown) => (typeof it === 'bigint' ? String(it) : it))
    void tell({ type: 'event', name: event, partition: data.partition, data: told })
    if (event === 'partition:claimed' && options.crash === 'claimed') process.exit(4)
  })
await tell({ type: 'running' })
process.on('message', () => void run.stop().then(() => process.exit(0)))
