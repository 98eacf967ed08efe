import { migrate } from '@pigeonhole/postgres'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from '../command-process.harness.js'
import { TcpGate } from '../tcp-gate.harness.js'
import { type Worker, WorkerLab } from '../worker-lab.harness.js'

const nowhere = '127.0.0.1:1'

describe('pigeonhole relay', () => {
  let lab: WorkerLab
  beforeEach(async () => {
    lab = await WorkerLab.open()
    await lab.createTopic()
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  it('sends what is published, drains at SIGTERM what was published before it, and exits with 0', async () => {
    // One message a batch, so that most of them wait when the signal comes. A busy machine may need longer for them than a worker
    // has by itself.
    const worker = lab.startWorker({ PIGEONHOLE_DRAIN_TIMEOUT_MS: '50000' }, ['--batch-rows', '1'])
    await worker.line({ state: 'publishing' })
    const values = Array.from({ length: 100 }, (_, i) => `order ${i}`)
    await lab.publish(...values)
    worker.kill('SIGTERM')
    expect(await worker.exit).toEqual({ code: 0, signal: null })
    expect((await lab.readLog()).toSorted()).toEqual(values.toSorted())
    expect(worker.lines.at(-1)).toMatchObject({ level: 'info', message: 'relay has stopped' })
  })

  it('logs lines of JSON, each event at its level, without payloads and secrets', async () => {
    const worker = lab.startWorker({ PIGEONHOLE_LOG_LEVEL: 'debug', PIGEONHOLE_SHEMA: 'misspelt' })
    await lab.publish('"private"')
    const published = await worker.line({ message: 'batch published' })
    expect(published).toMatchObject({
      level: 'debug',
      shard: 0,
      batch: 1,
      rows: 1,
      time: expect.stringMatching(/Z$/),
    })
    expect(await worker.line({ message: 'lease taken' })).toMatchObject({ level: 'info', shard: 0 })
    expect(await worker.line({ level: 'warn' })).toMatchObject({
      message: expect.stringContaining('PIGEONHOLE_SHEMA is not known. Did you mean PIGEONHOLE_SCHEMA?'),
    })
    worker.kill('SIGINT')
    expect(await worker.exit).toEqual({ code: 0, signal: null })
    expect(worker.lines).toHaveLength(worker.stdout.trimEnd().split('\n').length)
    expect(worker.stderr).toBe('')
    expect(worker.stdout).not.toContain('private')
    expect(worker.stdout).not.toContain(new URL(lab.database.url).password)
  })

  it('answers /healthz and /readyz on the loopback', async () => {
    const worker = lab.startWorker()
    await worker.line({ state: 'publishing' })
    expect(await worker.health('/healthz')).toEqual({ status: 200, body: { alive: true } })
    expect(await worker.health('/readyz')).toEqual({
      status: 200,
      body: { ready: true, shards: [{ shard: 0, state: 'publishing' }] },
    })
    const { health } = await worker.line({ message: 'relay starts' })
    expect(health).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  it('ends at once at a second signal', async () => {
    await lab.publish('stays')
    // Nothing but the signal ends it: what it waits for takes longer than this test.
    const worker = lab.startWorker({ KAFKA_BROKERS: nowhere, PIGEONHOLE_DRAIN_TIMEOUT_MS: '120000' })
    await worker.line({ state: 'opening' })
    worker.kill('SIGTERM')
    await worker.line({ signal: 'SIGTERM' })
    worker.kill('SIGTERM')
    expect(await worker.exit).toEqual({ code: 128 + 15, signal: null })
    expect(worker.stdout).not.toContain('relay has stopped')
  })
})

describe('two workers of one name', () => {
  it('take turns: one stands by, and takes over at once when the other stops', async () => {
    await using lab = await WorkerLab.open()
    await lab.createTopic()
    // So long that a machine that stands still for seconds is not taken for a lease that has run out.
    const lease = ['--lease-ms', '120000']
    const first = lab.startWorker({}, lease)
    await first.line({ state: 'publishing' })
    const second = lab.startWorker({}, lease)
    await second.line({ state: 'standby' })
    expect(await second.health('/readyz')).toEqual({
      status: 200,
      body: { ready: true, shards: [{ shard: 0, state: 'standby' }] },
    })
    await lab.publish('one')
    first.kill('SIGTERM')
    await first.exit
    const taken = await second.line({ message: 'lease taken' })
    expect(timeOf(taken) - timeOf(first.lines.at(-1) ?? {})).toBeLessThan(60_000)
    await second.line({ state: 'publishing' })
    await lab.publish('two')
    second.kill('SIGTERM')
    await second.exit
    expect((await lab.readLog()).toSorted()).toEqual(['one', 'two'])
  })
})

function timeOf(line: Readonly<Record<string, unknown>>): number {
  return Date.parse(String(line['time']))
}

// It is waited for several times in one test, each time for as long as its own pauses may be.
describe('a worker in trouble waits, says why, and goes on', { timeout: 180_000 }, () => {
  let lab: WorkerLab
  beforeEach(async () => {
    lab = await WorkerLab.open()
    await lab.createTopic()
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  async function unreadyFor(worker: Worker, reason: string): Promise<void> {
    await expect
      .poll(() => worker.health('/readyz'), { timeout: 30_000 })
      .toMatchObject({ status: 503, body: { ready: false, reason } })
    expect(await worker.health('/healthz')).toMatchObject({ status: 200 })
  }

  async function readyAgain(worker: Worker): Promise<void> {
    await expect.poll(() => worker.health('/readyz'), { timeout: 45_000 }).toMatchObject({ status: 200 })
  }

  it('while PostgreSQL is down at the start, in the middle, and back', async () => {
    const url = new URL(lab.database.url)
    const gate = new TcpGate(url)
    await gate.open()
    await gate.shut()
    url.host = `127.0.0.1:${gate.port}`
    const worker = lab.startWorker({ DATABASE_URL: url.href })
    await unreadyFor(worker, 'STORE_UNAVAILABLE')
    await gate.open()
    await readyAgain(worker)
    await gate.shut()
    await lab.publish('meanwhile')
    await unreadyFor(worker, 'STORE_UNAVAILABLE')
    await gate.open()
    await readyAgain(worker)
    worker.kill('SIGTERM')
    expect(await worker.exit).toEqual({ code: 0, signal: null })
    expect(await lab.readLog()).toEqual(['meanwhile'])
    await gate.shut()
  })

  it('while Kafka is down at the start', async () => {
    const worker = lab.startWorker({ KAFKA_BROKERS: nowhere, PIGEONHOLE_DRAIN_TIMEOUT_MS: '0' })
    await unreadyFor(worker, 'BROKER_UNAVAILABLE')
    worker.kill('SIGTERM')
    expect(await worker.exit).toEqual({ code: 0, signal: null })
  })

  it('with credentials that PostgreSQL refuses', async () => {
    const url = new URL(lab.database.url)
    url.username = 'no_such_role'
    const worker = lab.startWorker({ DATABASE_URL: url.href })
    await unreadyFor(worker, 'STORE_ACCESS_DENIED')
    expect(await worker.line({ level: 'warn' })).toMatchObject({ code: 'STORE_ACCESS_DENIED', attempt: 1 })
  })

  it('while a topic is missing', async () => {
    const other = await WorkerLab.open()
    await other.publish('early')
    const worker = other.startWorker()
    expect(await worker.line({ message: 'topic takes nothing: it is paused' })).toMatchObject({
      topic: other.topic,
      code: 'TOPIC_MISSING',
      remedy: expect.stringContaining('create the topic'),
    })
    await readyAgain(worker)
    await other.createTopic()
    await worker.line({ message: 'topic goes on' })
    worker.kill('SIGTERM')
    await worker.exit
    expect(await other.readLog()).toEqual(['early'])
    await other[Symbol.asyncDispose]()
  })

  it('while the tables are missing', async () => {
    await using empty = await WorkerLab.open({ tables: false })
    const worker = empty.startWorker()
    await unreadyFor(worker, 'SCHEMA_MISSING')
    expect(await worker.line({ code: 'SCHEMA_MISSING' })).toMatchObject({
      remedy: expect.stringContaining('pigeonhole migrate'),
    })
    await migrate({ pool: empty.pool })
    await readyAgain(worker)
  })

  it('while the tables are of an older version', async () => {
    const { rows } = await lab.pool.query(
      'DELETE FROM pigeonhole.schema_version RETURNING version, migration',
    )
    const worker = lab.startWorker()
    await unreadyFor(worker, 'SCHEMA_OUTDATED')
    for (const { version, migration } of rows) {
      await lab.pool.query('INSERT INTO pigeonhole.schema_version VALUES ($1, $2)', [version, migration])
    }
    await readyAgain(worker)
  })
})

describe('a worker that has halted', () => {
  it('stays alive and unready, and logs code, message and remedy', async () => {
    await using lab = await WorkerLab.open()
    const first = lab.startWorker()
    await first.line({ state: 'publishing' })
    first.kill('SIGTERM')
    await first.exit
    await lab.pool.query("UPDATE pigeonhole.relay_identity SET cluster_id = 'another'")
    const worker = lab.startWorker()
    expect(await worker.line({ state: 'halted' })).toMatchObject({
      level: 'error',
      code: 'RELAY_IDENTITY_CHANGED',
      error: expect.stringContaining('Kafka cluster "another"'),
      remedy: expect.stringContaining('docs/errors.md#relay_identity_changed'),
    })
    expect(await worker.health('/healthz')).toMatchObject({ status: 200 })
    expect(await worker.health('/readyz')).toMatchObject({
      status: 503,
      body: { reason: 'RELAY_IDENTITY_CHANGED' },
    })
    worker.kill('SIGTERM')
    expect(await worker.exit).toEqual({ code: 0, signal: null })
  })
})

describe('a worker that cannot be started as it is told', () => {
  it('names the port that is in use', async () => {
    await using lab = await WorkerLab.open()
    const worker = lab.startWorker()
    const { health } = await worker.line({ message: 'relay starts' })
    const { port } = new URL(String(health))
    const second = lab.startWorker({ PIGEONHOLE_PORT: port }, ['--port', port])
    expect(await second.exit).toEqual({ code: 2, signal: null })
    expect(second.stderr).toMatch(new RegExp(`^OPTION_INVALID: Port ${port} of 127.0.0.1 is in use`))
  })

  it('names the option nearest to an unknown one', async () => {
    const { code, stderr } = await runCommand(['relay', '--nam', 'orders'])
    expect(code).toBe(2)
    expect(stderr).toBe("OPTION_INVALID: unknown option '--nam'\n(Did you mean --name?)\n")
  })
})
