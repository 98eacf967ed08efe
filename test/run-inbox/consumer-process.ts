// A consumer in a process of its own. What its handler does is what the message says.
import { writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import {
  createInbox,
  createOutbox,
  type HandlerContext,
  isPigeonholeError,
  textCodec,
  topic,
} from '@pigeonhole/core'
import { on, runInbox } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { observeInboxStore } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import type { ConsumerProcessMessage, ConsumerProcessOptions } from './consumer-process-protocol.js'
import { Gate, untilAborted } from './gate.js'

const options = JSON.parse(process.argv[2] ?? '{}') as ConsumerProcessOptions
const { databaseUrl, brokers, name, attempts, group, timeoutMs, dedupe, fault } = options
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 })
/** Handlers of two others have begun in this process, or none will: a message that is started with care is alone. */
const accompanied = new Gate()
let begun = 0
let occurrences = 0

function tell(message: ConsumerProcessMessage): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, () => resolve())
  })
}

// At once: nothing that is told otherwise would still leave the process.
function reach(point: string): void {
  if (point === 'claims.start:before') accompanied.open()
  if (point !== fault?.point || ++occurrences !== fault.occurrence) return
  writeSync(1, `${point}\n`)
  process.kill(process.pid, 'SIGKILL')
}

async function handle({ message, tx, signal }: HandlerContext<pg.ClientBase, string>): Promise<void> {
  const { value, key } = message
  begun += 1
  if (begun > 2) accompanied.open()
  await tell({ type: 'handling', value })
  await tx.query('INSERT INTO effect (value, key) VALUES ($1, $2)', [value, key])
  const { rowCount: isBroken } = await tx.query('SELECT FROM broken WHERE value = $1', [value])
  if (isBroken || value.startsWith('throw')) throw new Error(value)
  if (value.startsWith('exit')) process.exit(3)
  if (value.startsWith('late')) await accompanied.passed.then(() => process.exit(3))
  if (value.startsWith('memory'))
    for (const held: unknown[] = []; ; ) held.push(new Array(10_000).fill(held.length))
  if (value.startsWith('loop')) for (;;);
  if (value.startsWith('slow')) await delay(700, undefined, { signal })
  // Heedless of its signal.
  if (value.startsWith('deaf')) await delay(700)
  if (value.startsWith('hold') && options.holds) await untilAborted(signal)
}

const store = postgresStore(pool)
const inbox = createInbox({
  store: observeInboxStore(store, reach),
  outbox: createOutbox({ store }),
  name,
  timeoutMs,
  dedupe,
  ...(options.parkedBackoff && { parkedBackoff: options.parkedBackoff }),
  ...(options.deadLetters && { deadLetters: options.deadLetters }),
})
for (const event of ['message:handled', 'message:parked'] as const)
  inbox.on(event, () => void tell({ type: 'done' }))
inbox.on('message:failed', ({ topic, partition, offset, error }) => {
  const code = isPigeonholeError(error) ? error.code : 'Error'
  const data = JSON.stringify({ topic, offset: String(offset), code })
  void tell({ type: 'event', name: 'message:failed', partition, data })
})
const kafka = new Kafka({
  brokers: [...brokers],
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 50, retries: 10 },
})
const consumer = kafka.consumer({
  groupId: options.groupId ?? name,
  maxWaitTimeInMs: 200,
  heartbeatInterval: 300,
  sessionTimeout: 6_000,
  rebalanceTimeout: 10_000,
})
// The test that started this process is gone.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
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
