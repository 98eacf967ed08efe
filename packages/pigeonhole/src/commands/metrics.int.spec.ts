import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from '../command-process.harness.js'
import { type Worker, WorkerLab } from '../worker-lab.harness.js'

describe('/metrics of a worker', () => {
  let lab: WorkerLab
  beforeEach(async () => {
    lab = await WorkerLab.open()
    await lab.createTopic()
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  async function metricsOf(worker: Worker): Promise<string> {
    const { health } = await worker.line({ message: 'relay starts' })
    const answer = await fetch(`${health}/metrics`)
    expect(answer.headers.get('content-type')).toContain('text/plain')
    return answer.text()
  }

  /** A session that has numbered a transaction and does nothing more. */
  async function openTransaction(): Promise<{ readonly client: pg.Client; readonly pid: number }> {
    const client = new pg.Client({ connectionString: lab.database.url, application_name: 'nightly report' })
    await client.connect()
    await client.query('BEGIN')
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid, pg_current_xact_id()')
    return { client, pid: rows[0].pid }
  }

  it('tell what is published, what waits and what the tables take, and no payload', async () => {
    const worker = lab.startWorker({}, ['--measure-ms', '50'])
    await lab.publish('private one', 'private two')
    await expect
      .poll(() => metricsOf(worker), { timeout: 30_000 })
      .toContain('pigeonhole_relay_published_total{shard="0"} 2')
    await expect.poll(() => metricsOf(worker)).toContain('pigeonhole_outbox_pending{shard="0"} 0')
    const text = await metricsOf(worker)
    expect(text).toContain('pigeonhole_relay_state{shard="0",state="publishing"} 1')
    expect(text).toMatch(/^pigeonhole_table_bytes\{table="outbox_message"\} [1-9]/m)
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]/m)
    expect(text).not.toContain('private')
  })

  it('tell how much waits while Kafka is away, and for how long', async () => {
    await lab.publish('one', 'two', 'three')
    const worker = lab.startWorker({ KAFKA_BROKERS: '127.0.0.1:1' }, ['--measure-ms', '50'])
    await expect
      .poll(() => metricsOf(worker), { timeout: 30_000 })
      .toContain('pigeonhole_outbox_pending{shard="0"} 3')
    expect(await metricsOf(worker)).toMatch(
      /^pigeonhole_outbox_oldest_age_seconds\{shard="0"\} [0-9.]*[1-9]/m,
    )
    await expect
      .poll(() => metricsOf(worker), { timeout: 30_000 })
      .toMatch(/^pigeonhole_relay_reopen_total\{shard="0",code="BROKER_UNAVAILABLE"\} [1-9]/m)
  })

  it('name the session that has a transaction open for long; so do the log and the status', async () => {
    const { client, pid } = await openTransaction()
    const worker = lab.startWorker({}, ['--measure-ms', '50', '--long-transaction-ms', '1000'])
    const warned = await worker.line({ level: 'warn', kind: 'session', pid, name: 'nightly report' })
    expect(warned).toMatchObject({
      state: 'idle in transaction',
      queryStartedAt: expect.stringMatching(/Z$/),
    })
    expect(await metricsOf(worker)).toContain(
      `pigeonhole_xid_holder_info{kind="session",pid="${pid}",name="nightly report",state="idle in transaction"} 1`,
    )
    // The relay does not wait for it.
    await lab.publish('sent')
    await expect
      .poll(() => metricsOf(worker), { timeout: 30_000 })
      .toContain('pigeonhole_relay_published_total{shard="0"} 1')
    const { stdout } = await runCommand(['status'], { DATABASE_URL: lab.database.url })
    expect(stdout).toMatch(
      new RegExp(`needed by session "nightly report" \\(process ${pid}, idle in transaction`),
    )
    await client.end()
    await worker.line({ message: 'the long transaction is over', pid })
  })
})
