import { randomUUID } from 'node:crypto'
import { type Lease, originCursor } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from '../command-process.harness.js'
import { WorkerLab } from '../worker-lab.harness.js'

describe('pigeonhole status', () => {
  let lab: WorkerLab
  beforeEach(async () => {
    lab = await WorkerLab.open()
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  const status = (...args: readonly string[]) =>
    runCommand(['status', ...args], { DATABASE_URL: lab.database.url })

  async function openShard(): Promise<{ readonly holder: string; readonly identity: object }> {
    const store = postgresStore(lab.pool)
    const [holder, token] = [randomUUID(), randomUUID()]
    const { systemIdentifier } = await store.readIdentity()
    const identity = { relay: lab.name, clusterId: 'cluster', systemIdentifier }
    await store.provideShards([{ first: 0, last: 255 }])
    const observed = (await store.readLease(0)) as Lease
    await store.takeLease({ shard: 0, holder, observed })
    await store.changeToken({ shard: 0, holder, token })
    await store.guarded({ shard: 0, token, confirmed: 0 }, async (tx) => {
      await tx.writeIdentity(identity)
      await tx.insertBatch({ number: 0, token: randomUUID(), parent: null, cursor: originCursor })
    })
    return { holder, identity }
  }

  it('shows an outbox that no relay has opened', async () => {
    expect(await status()).toEqual({
      code: 0,
      stderr: '',
      stdout: 'no relay has opened this outbox yet\n0 messages pending\n',
    })
  })

  it('shows who holds each shard, what is confirmed and what waits', async () => {
    const { holder } = await openShard()
    await lab.publish('a', 'b')
    const { code, stdout } = await status()
    expect(code).toBe(0)
    const lines = stdout.split('\n')
    expect(lines[0]).toMatch(new RegExp(`^relay ${lab.name}, Kafka cluster cluster, PostgreSQL system \\d+$`))
    expect(lines[1]).toMatch(/^2 messages pending, the oldest for \d+\.\d s$/)
    expect(lines.slice(3)).toEqual([
      `shard  buckets  pending  confirmed  holder`,
      `0      0-255    2        0          ${holder}`,
      '',
    ])
  })

  it('tells the same as JSON', async () => {
    const { holder, identity } = await openShard()
    await lab.publish('a')
    const { code, stdout } = await status('--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      identity,
      shards: [
        {
          shard: 0,
          buckets: { first: 0, last: 255 },
          holder,
          confirmed: 0,
          pending: 1,
          oldestAgeSeconds: expect.any(Number),
        },
      ],
      pending: 1,
      oldestAgeSeconds: expect.any(Number),
      parking: { keys: 0, messages: 0, pausedTopics: [] },
      // Whoever else uses the server may hold it back.
      xidHolder: expect.toBeOneOf([null, expect.any(Object)]),
      faults: [],
    })
  })

  it('ends with 4 where a message waits for long', async () => {
    await openShard()
    await lab.publish('a')
    await lab.pool.query(`UPDATE pigeonhole.outbox_message SET created_at = created_at - interval '11 s'`)
    const { code, stdout } = await status()
    expect({ code, stdout }).toEqual({ code: 4, stdout: expect.stringContaining('waits for more than 10 s') })
    expect(await status('--json')).toMatchObject({
      code: 4,
      stdout: expect.stringMatching(/"faults": \[\s+"late"/),
    })
  })

  it('says that the tables are missing, and what makes them', async () => {
    const { code, stdout, stderr } = await status('--schema', 'elsewhere')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^SCHEMA_MISSING: .*elsewhere.*pigeonhole migrate/)
  })
})
