import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import { CommandProcess } from '../command-process.harness.js'
import { WorkerLab } from '../worker-lab.harness.js'

let lab: WorkerLab

beforeEach(async () => {
  lab = await WorkerLab.open()
  await lab.createTopic()
})
afterEach(() => lab[Symbol.asyncDispose]())

const patience = { timeout: 30_000 }

function send(over: Readonly<Record<string, string>> = {}): CommandProcess {
  return new CommandProcess(['send', lab.topic, '1'], {
    DATABASE_URL: lab.database.url,
    KAFKA_BROKERS: inject('kafkaBrokers').join(','),
    ...over,
  })
}

async function count(query: string): Promise<number> {
  const { rows } = await lab.pool.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${query}`)
  return rows[0]?.count ?? 0
}

const pending = () => count('pigeonhole.outbox_message')
const sessions = (state = '') =>
  count(
    `pg_stat_activity WHERE datname = current_database() AND application_name = 'pigeonhole send' ${state}`,
  )
const blocked = (statement: string) =>
  sessions(`AND wait_event_type = 'Lock' AND query ILIKE '${statement}%'`)

/** Somebody's transaction that holds what `statement` locks. Resolves to what ends it. */
async function holding(statement: string): Promise<() => Promise<void>> {
  const client = await lab.pool.connect()
  await client.query('BEGIN')
  await client.query(statement)
  return async () => {
    await client.query('ROLLBACK')
    client.release()
  }
}

/** Has each COMMIT of a message wait for whoever has this lock, and end with what `then` does. */
async function stopCommits(then = ''): Promise<() => Promise<void>> {
  await lab.pool.query(`
    CREATE FUNCTION stop_commits() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_advisory_xact_lock(1); ${then} RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER stop AFTER INSERT ON pigeonhole.outbox_message
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stop_commits()`)
  return holding('SELECT pg_advisory_xact_lock(1)')
}

const idOf = (message: pg.QueryResult<{ id: string }>) => message.rows[0]?.id

describe('pigeonhole send, interrupted', () => {
  it('before it begins, says that nothing was done', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'pigeonhole-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const config = path.join(folder, 'never.mjs')
    await writeFile(
      config,
      "console.log('loading'); setInterval(() => {}, 1e6); await new Promise(() => {})\n",
    )
    const sending = send({ PIGEONHOLE_CONFIG: config })
    await expect.poll(() => sending.stdout, patience).toBe('loading\n')
    sending.kill('SIGINT')
    expect(await sending.exit).toEqual({ code: 130, signal: null })
    expect(sending.stderr).toBe('Interrupted: nothing was done.\n')
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s while it looks for the topic, says that nothing was committed', async (signal, code) => {
    const silent = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void silent.close())
    await once(silent, 'listening')
    const connected = once(silent, 'connection')
    const sending = send({ KAFKA_BROKERS: `127.0.0.1:${(silent.address() as AddressInfo).port}` })
    await connected
    sending.kill(signal)
    expect(await sending.exit).toEqual({ code, signal: null })
    expect(sending.stderr).toBe('Interrupted: nothing was committed.\n')
    expect(await pending()).toBe(0)
  })

  it('before COMMIT, says that nothing was committed, and nothing is', async () => {
    const letGo = await holding('LOCK TABLE pigeonhole.outbox_message')
    const sending = send()
    await expect.poll(() => blocked(''), patience).toBe(1)
    sending.kill('SIGINT')
    expect(await sending.exit).toEqual({ code: 130, signal: null })
    expect(sending.stderr).toBe('Interrupted: nothing was committed.\n')
    await letGo()
    await expect.poll(() => sessions(), patience).toBe(0)
    expect(await pending()).toBe(0)
  })

  it('within COMMIT, waits for its outcome and says it', async () => {
    const letGo = await stopCommits()
    const sending = send()
    await expect.poll(() => blocked('COMMIT'), patience).toBe(1)
    sending.kill('SIGINT')
    await expect.poll(() => sending.stderr, patience).toMatch(/^Interrupted: a moment, .*\n$/)
    await letGo()
    expect(await sending.exit).toEqual({ code: 130, signal: null })
    const id = idOf(await lab.pool.query('SELECT id FROM pigeonhole.outbox_message'))
    expect(sending.stderr).toContain(`\nInterrupted: committed as ${id}; it will be published by the relay. `)
  })

  it('within a COMMIT that PostgreSQL refuses, says why nothing was committed', async () => {
    const letGo = await stopCommits("RAISE 'refused at its end' USING ERRCODE = 'check_violation';")
    const sending = send()
    await expect.poll(() => blocked('COMMIT'), patience).toBe(1)
    sending.kill('SIGINT')
    await expect.poll(() => sending.stderr, patience).toMatch(/^Interrupted: a moment, .*\n$/)
    await letGo()
    expect(await sending.exit).toEqual({ code: 1, signal: null })
    expect(sending.stderr).toMatch(/\n.*refused at its end\n$/)
    expect(await pending()).toBe(0)
  })

  it('twice within COMMIT, says that nobody knows', async () => {
    const letGo = await stopCommits()
    const sending = send()
    await expect.poll(() => blocked('COMMIT'), patience).toBe(1)
    sending.kill('SIGINT')
    await expect.poll(() => sending.stderr, patience).toMatch(/^Interrupted: a moment, .*\n$/)
    sending.kill('SIGINT')
    expect(await sending.exit).toEqual({ code: 130, signal: null })
    expect(sending.stderr).toMatch(/\nInterrupted: it is not known whether message \S+ was committed: .*\n$/)
    await letGo()
  })

  it('behind COMMIT, says that the relay will publish it', async () => {
    const sending = send()
    await expect.poll(() => sending.stderr, patience).toMatch(/^committed to the outbox as /)
    sending.kill('SIGINT')
    expect(await sending.exit).toEqual({ code: 130, signal: null })
    const id = idOf(await lab.pool.query('SELECT id FROM pigeonhole.outbox_message'))
    expect(sending.stderr).toContain(
      `\nInterrupted: committed as ${id}; it will be published by the relay. Do not send it again.\n`,
    )
  })
})
