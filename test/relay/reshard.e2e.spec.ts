import { bucketOf, createOutbox, topic } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import pg from 'pg'
import { describe, inject, it } from 'vitest'
import { settleAll } from './attacks.js'
import { RelayLab } from './relay-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('dividing an outbox anew under load loses, repeats, invents and reorders nothing', () => {
  it('from one shard to four, to two, to three, with two relays of different numbers', async () => {
    await using lab = await RelayLab.open(servers)
    const writers = lab.startWriters()
    const relays = [lab.startRelay(), lab.startRelay({ shards: 2 })]
    await Promise.race(relays.map((relay) => relay.event('batch:published')))
    for (const shards of [4, 2, 3]) {
      await lab.reshard(shards)
      await lab.published(shards)
    }
    await settleAll(lab, writers, relays)
  })

  it('with a transaction that is open across it: its messages go out by the new owner, behind those of their key', async () => {
    await using lab = await RelayLab.open(servers)
    const writers = lab.startWriters()
    const relay = lab.startRelay()
    await relay.event('batch:published')
    const pool = new pg.Pool({ connectionString: lab.databaseUrl })
    const outbox = createOutbox({ store: postgresStore(pool) })
    const client = await pool.connect()
    const name = lab.topics[0] as string
    const target = topic<{ key: string }>(name, { key: ({ key }) => key })
    // One key for each half of the buckets.
    const keys = keysOf(name, [0, 1])
    await client.query('BEGIN')
    for (const key of keys) {
      const id = await outbox.publish(client, target, { key })
      await client.query('INSERT INTO ledger VALUES ($1, $2, $3, 1)', [id, name, key])
    }
    await lab.reshard(2)
    await client.query('COMMIT')
    client.release()
    await pool.end()
    await settleAll(lab, writers, [relay])
  })
})

function keysOf(name: string, halves: readonly number[]): string[] {
  return halves.map((half) => {
    for (let i = 0; ; i++) {
      const key = `open-${i}`
      if (Math.floor(bucketOf(name, Buffer.from(key), '') / 128) === half) return key
    }
  })
}
