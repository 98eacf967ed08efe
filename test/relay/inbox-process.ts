// A consumer in a process of its own, whose handler writes and publishes. It strikes itself where its options say.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { createInbox, createOutbox, type HandlerContext, topic } from '@pigeonhole/core'
import { type InboxRun, on, runInbox } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { observeInboxStore } from '@pigeonhole/testing'
import { type Consumer, Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { striker, tell } from './process-ports.js'
import type { RelayProcessOptions } from './relay-process-protocol.js'

const options = JSON.parse(process.argv[2] ?? '{}') as RelayProcessOptions
const { name, databaseUrl, brokers, handles } = options
if (!handles) throw new Error('An inbox process is told what it handles')
const reach = striker(options)

// What the group has committed in Kafka lies behind what is durable here: a crash takes back nothing of it.
const pool = new pg.Pool({
  connectionString: databaseUrl,
  max: 10,
  connectionTimeoutMillis: 5_000,
  options: '-c synchronous_commit=on',
})
const observed = observeInboxStore(postgresStore(pool), reach)
const claims: typeof observed.claims = {
  ...observed.claims,
  claim: async (inbox, position) => {
    const count = await observed.claims.claim(inbox, position)
    return handles.carefully ? { ...count, claims: count.claims + 9 } : count
  },
}
const store = { ...observed, claims }
const outbox = createOutbox({ store: postgresStore(pool) })
const inbox = createInbox({ store, name, timeoutMs: 5_000 })
const failed = new Set<string>()

interface Written {
  readonly key: string
  readonly version: number
}

async function handle({ message, tx }: HandlerContext<pg.ClientBase, Written>): Promise<void> {
  const { value, topic: from, id } = message
  reach('handler:began')
  await tx.query('INSERT INTO effect (id, topic, key, version) VALUES ($1, $2, $3, $4)', [
    id,
    from,
    value.key,
    value.version,
  ])
  reach('handler:written')
  // The keys of what is published are those of one source: its order is theirs.
  const key = `${from}/${value.key}`
  const text = JSON.stringify({ key, version: value.version, padding: '' })
  const [published] = await outbox.publishRaw(tx, [{ topic: handles?.publishes ?? '', key, value: text }])
  await tx.query('INSERT INTO ledger VALUES ($1, $2, $3, $4, $5)', [
    published,
    handles?.publishes,
    key,
    value.version,
    createHash('sha256').update(text).digest('base64url'),
  ])
  reach('handler:published')
  if (value.version % 17 !== 0 || failed.has(key + value.version)) return
  failed.add(key + value.version)
  throw new Error('fails once')
}

function newConsumer(): Consumer {
  const kafka = new Kafka({
    clientId: name,
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    requestTimeout: 4_000,
    retry: { initialRetryTime: 100 },
  })
  return kafka.consumer({
    groupId: name,
    maxWaitTimeInMs: 500,
    heartbeatInterval: 500,
    sessionTimeout: 6_000,
    rebalanceTimeout: 10_000,
  })
}

const events = [
  'group:joined',
  'partition:claimed',
  'partition:lost',
  'partition:held',
  'partition:careful',
] as const

async function start(): Promise<InboxRun> {
  const run = await runInbox(newConsumer(), inbox, {
    handlers: (handles?.topics ?? []).map((it) =>
      on(topic<Written>(it), handle, { group: handles?.group ?? 1 }),
    ),
    backoff: { initialMs: 100, maxMs: 1_000 },
    commitIntervalMs: 200,
    parkedPollMs: 500,
  })
  for (const event of [...events, 'offsets:committed'] as const)
    run.on(event, (data) => {
      reach(event)
      const error = 'error' in data && data.error instanceof Error ? data.error.message : ''
      if (event !== 'offsets:committed') tell({ type: 'event', name: event, data: { error } })
    })
  return run
}

// As a supervisor would: what keeps it from starting is somebody else's outage.
async function persist(): Promise<InboxRun> {
  for (;;) {
    try {
      return await start()
    } catch (error) {
      tell({ type: 'event', name: 'start:refused', data: { error: String(error) } })
      await delay(500)
    }
  }
}

createInterface({ input: process.stdin })
  .on('line', async (command: string) => {
    if (command !== 'stop') return
    await (await running).stop({ signal: AbortSignal.timeout(10_000) })
    process.exit(0)
  })
  // The test that started this process is gone.
  .on('close', () => process.kill(process.pid, 'SIGKILL'))

const running = persist()
await running
