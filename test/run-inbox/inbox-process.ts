import { writeSync } from 'node:fs'
import { createInbox, createOutbox, textCodec, topic } from '@pigeonhole/core'
import { on, runInbox } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { observeInboxStore } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import type { InboxProcessOptions } from './inbox-process-protocol.js'

const options = JSON.parse(process.argv[2] ?? '{}') as InboxProcessOptions
let occurrences = 0

function reach(point: string): void {
  const { fault } = options
  if (point !== fault?.point || ++occurrences !== fault.occurrence) return
  writeSync(1, `${point}\n`)
  process.kill(process.pid, 'SIGKILL')
}

const pool = new pg.Pool({ connectionString: options.databaseUrl, max: 10 })
const store = postgresStore(pool)
const inbox = createInbox({
  store: observeInboxStore(store, reach),
  outbox: createOutbox({ store }),
  name: options.name,
  timeoutMs: 5_000,
  parkedBackoff: { initialMs: 1, maxMs: 1 },
  deadLetters: options.deadLetters,
})
const orders = topic<string>(options.topic, { codec: textCodec })
const handler = on<pg.ClientBase, string>(orders, async ({ message, tx }) => {
  await tx.query('INSERT INTO effect (value, key) VALUES ($1, $2)', [message.value, message.key])
  const { rowCount } = await tx.query('SELECT FROM broken WHERE value = $1', [message.value])
  if (rowCount) throw new Error('broken')
})
const kafka = new Kafka({
  brokers: [...options.brokers],
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 50, retries: 10 },
})
// The test that started this process is gone, or has no more use for it.
process.stdin.resume().on('close', () => process.kill(process.pid, 'SIGKILL'))
await runInbox(kafka.consumer({ groupId: options.group, maxWaitTimeInMs: 200 }), inbox, {
  handlers: [handler],
  attempts: 1,
  backoff: { initialMs: 50, maxMs: 200 },
  parkedPollMs: 50,
})
