import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createOutbox } from '@pigeonhole/core'
import { readLog } from '@pigeonhole/testing'
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import { WorkerProcess } from '../operations/worker-process.js'
import { InboxLab } from '../run-inbox/inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
const sdk = new URL('./print-spans.mjs', import.meta.url)
const bin = fileURLToPath(new URL('../../packages/pigeonhole/dist/bin.js', import.meta.url))
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

let lab: InboxLab
beforeEach(async () => {
  lab = await InboxLab.open(servers)
})
afterEach(() => lab[Symbol.asyncDispose]())

function startWorker(over: Readonly<Record<string, string>>): WorkerProcess {
  const worker = new WorkerProcess({
    PIGEONHOLE_NAME: lab.name,
    DATABASE_URL: lab.databaseUrl,
    KAFKA_BROKERS: lab.brokers.join(','),
    PIGEONHOLE_LOG_LEVEL: 'debug',
    ...over,
  })
  onTestFinished(() => worker.kill())
  return worker
}

async function publish(): Promise<string> {
  const orders = await lab.createTopic()
  const outbox = createOutbox({ store: lab.store, traceparent: () => traceparent })
  const client = await lab.pool.connect()
  try {
    await client.query('BEGIN')
    await outbox.publish(client, orders, 'o-1')
    await client.query('COMMIT')
    return orders.name
  } finally {
    client.release()
  }
}

describe('pigeonhole relay', () => {
  it('tells the SDK that Node has loaded of its batches where traces are wanted, and nobody else does', async () => {
    const topic = await publish()
    const worker = startWorker({ PIGEONHOLE_TRACES: 'true', NODE_OPTIONS: `--import ${sdk.href}` })
    await worker.line({ message: 'batch published' })
    await worker.stop()
    const spans = worker.lines.filter(({ level }) => level === 'span')
    expect(spans).toHaveLength(1)
    expect(spans[0]).toMatchObject({
      name: `send ${topic}`,
      attributes: { 'messaging.batch.message_count': 1, 'pigeonhole.relay': lab.name, 'pigeonhole.shard': 0 },
      linked: ['b7ad6b7169203331'],
    })
    expect(worker.lines.filter(({ level }) => level === 'warn')).toEqual([])
    const [record] = await readLog({ brokers: lab.brokers, topics: [topic] })
    expect(record?.headers).toContainEqual(['traceparent', traceparent])
  })

  it('leaves it to other instrumentation where they are not wanted', async () => {
    const topic = await publish()
    const worker = startWorker({ NODE_OPTIONS: `--import ${sdk.href}` })
    await worker.line({ message: 'batch published' })
    await worker.stop()
    const spans = worker.lines.filter(({ level }) => level === 'span')
    expect(spans.map(({ name }) => name)).toContain(`send ${topic}`)
    expect(spans.filter(({ attributes }) => Object.hasOwn(Object(attributes), 'pigeonhole.relay'))).toEqual(
      [],
    )
  })

  it('warns where they are wanted and nobody listens, and sends', async () => {
    await publish()
    const worker = startWorker({ PIGEONHOLE_TRACES: 'true' })
    await worker.line({ level: 'warn', message: expect.stringContaining('no SDK of OpenTelemetry') })
    await worker.line({ message: 'batch published' })
  })

  it('does not start where they are wanted and the API of OpenTelemetry is not there', async () => {
    const options = [
      'relay',
      '--name',
      lab.name,
      '--database-url',
      lab.databaseUrl,
      '--brokers',
      lab.brokers.join(','),
    ]
    const withoutApi = new URL('./without-api.mjs', import.meta.url)
    const ran = promisify(execFile)(process.execPath, [
      '--import',
      withoutApi.href,
      bin,
      ...options,
      '--traces',
    ])
    const ended = await ran.catch((error) => error)
    expect(ended).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^OPTION_INVALID: Setting traces takes OpenTelemetry/),
    })
  })
})
