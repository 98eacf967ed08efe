import { createOutbox, type Outbox, topic } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import { createTopics, readLog } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { DivergenceLab } from './divergence-lab.js'

const brokers = inject('kafkaBrokers')

describe('a compacted topic whose checkpoints are lost', () => {
  let lab: DivergenceLab
  let pool: pg.Pool
  let outbox: Outbox<pg.ClientBase>
  let compacted: string

  beforeEach(async () => {
    lab = await DivergenceLab.open({ serverUrl: inject('databaseUrl'), brokers })
    pool = new pg.Pool({ connectionString: lab.databaseUrl, max: 1 })
    outbox = createOutbox({ store: postgresStore(pool) })
    compacted = `${lab.name}-compacted`
    // Whatever is in a segment that is closed is compacted at the cleaner's next turn.
    const configEntries = Object.entries({
      'cleanup.policy': 'compact',
      'min.cleanable.dirty.ratio': '0.001',
      'segment.ms': '1000',
      'max.compaction.lag.ms': '1000',
    }).map(([name, value]) => ({ name, value }))
    await createTopics(brokers, [{ topic: compacted, numPartitions: 1, configEntries }])
  })
  afterEach(async () => {
    await pool.end()
    await lab[Symbol.asyncDispose]()
  })

  async function publish(key: string): Promise<string> {
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      const target = topic<{ key: string }>(compacted, { key: (event) => event.key })
      const id = await outbox.publish(client, target, { key })
      await client.query('COMMIT')
      return id
    } finally {
      client.release()
    }
  }

  async function idsInLog(): Promise<(string | undefined)[]> {
    const records = await readLog({ brokers, topics: [compacted] })
    return records.map(({ headers }) => headers.find(([name]) => name === 'message-id')?.[1])
  }

  async function idsInOutbox(): Promise<string[]> {
    const { rows } = await lab.query('SELECT id FROM pigeonhole.outbox_message ORDER BY seq')
    return rows.map(({ id }) => id as string)
  }

  async function loseCheckpoints(): Promise<void> {
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const name = `pigeonhole.relay.${lab.name}`
    await admin.deleteTopics({ topics: [name] })
    await expect.poll(() => admin.listTopics(), { timeout: 30_000 }).not.toContain(name)
    await admin.disconnect()
    // The recorded cursor is of a time before any of it was sent.
    await lab.query(
      `UPDATE pigeonhole.relay_batch SET cursor_from = '1:1:', cursor_until = NULL, last_seq = 0`,
    )
  }

  it('what a later message has taken the place of is not sent again; of what nobody can tell, it asks', async () => {
    await lab.retain(true)
    const superseded = await publish('kept')
    await publish('kept')
    const hidden = await publish('gone')
    const later = await publish('gone')
    await publish('rest')
    await lab.send()
    const left = new Set([superseded, hidden])
    const isCompacted = async (): Promise<boolean> => !(await idsInLog()).some((id) => left.has(id ?? ''))
    // Only closed segments are compacted, and a record closes the one before.
    const close = async (): Promise<boolean> => {
      await publish('rest')
      await lab.send()
      return await isCompacted()
    }
    await expect.poll(close, { timeout: 120_000, interval: 2_000 }).toBe(true)
    await lab.retain(false)
    // A transaction that a restored database would not know.
    await lab.query(`DELETE FROM pigeonhole.outbox_message WHERE id = '${later}'`)
    await loseCheckpoints()
    const unsent = await publish('kept')
    const asked = await lab.command('adopt', '--name', lab.name, '--yes').catch((error: unknown) => error)
    expect(asked).toMatchObject({ code: 3, stderr: expect.stringContaining('--undecided') })
    expect(await idsInOutbox()).toContain(hidden)
    const { report } = await lab.adopt('--undecided', 'drop')
    expect(report.shards[0]?.outbox).toMatchObject({ undecided: 1, absent: 1 })
    expect(report.shards[0]?.outbox?.superseded).toBeGreaterThan(0)
    expect(await idsInOutbox()).toEqual([unsent])
    await lab.send()
    const log = await idsInLog()
    expect(log.filter((id) => id === unsent)).toHaveLength(1)
    expect(log.some((id) => id === superseded || id === hidden)).toBe(false)
  }, 240_000)
})
