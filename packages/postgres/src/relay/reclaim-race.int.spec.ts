import { randomUUID } from 'node:crypto'
import { type Cleaning, type Cursor, type Lease, originCursor, type RelayStore } from '@pigeonhole/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { postgresStore } from '../pg/postgres-store.js'
import { SpecDatabase } from '../spec-database.fake.js'

let database: SpecDatabase
let store: RelayStore

beforeEach(async () => {
  database = await SpecDatabase.create()
  store = postgresStore(database.pool)
})
afterEach(() => database.drop())

const atOnce: Cleaning = { retentionMs: 0, partitionBytes: 0, partitionMs: 0 }
const writers = 6
const transactions = 40

/** Numbers that look random, the same for each seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state % below
  }
}

/** Commits messages, or rolls them back, with round trips between the snapshot, the rows and the end. */
async function write(seed: number, committed: string[]): Promise<void> {
  const random = randomFrom(seed)
  const client = await database.pool.connect()
  const linger = async (): Promise<void> => {
    for (let turns = random(12); turns > 0; turns--) await client.query('SELECT 1')
  }
  for (let n = 0; n < transactions; n++) {
    const ids: string[] = []
    await client.query(`BEGIN ISOLATION LEVEL ${random(3) === 0 ? 'REPEATABLE READ' : 'READ COMMITTED'}`)
    await client.query('SELECT slot FROM pigeonhole.outbox_ring')
    await linger()
    for (let rows = 1 + random(3); rows > 0; rows--) {
      ids.push(randomUUID())
      await client.query(
        `INSERT INTO pigeonhole.outbox_message (bucket, id, topic, headers) VALUES ($1, $2, 't', '[]')`,
        [random(256), ids.at(-1)],
      )
      await linger()
    }
    const ending = random(5) === 0 ? 'ROLLBACK' : 'COMMIT'
    await client.query(ending)
    if (ending === 'COMMIT') committed.push(...ids)
  }
  client.release()
}

/** Reads page after page of a shard and confirms it, as long as it is told to or finds something. */
type Relay = (sent: string[], goesOn: () => boolean) => Promise<void>

async function lead(shard: number): Promise<Relay> {
  const token = `token-${shard}`
  const observed = (await store.readLease(shard)) as Lease
  await store.takeLease({ shard, holder: 'holder', observed })
  await store.changeToken({ shard, holder: 'holder', token })
  const guard = { shard, token }
  await store.guarded({ ...guard, confirmed: 0 }, async (tx) => {
    await tx.agree()
    await tx.insertBatch({ number: 0, token: 'batch-0', parent: null, cursor: originCursor })
  })
  return async (sent, goesOn) => {
    let number = 0
    let cursor: Cursor = originCursor
    for (;;) {
      const mayEnd = !goesOn()
      const page = await store.guarded({ ...guard, confirmed: number }, async (tx) => {
        const read = await tx.readPage(cursor, { maxRows: 7, maxBytes: 1_000_000 })
        if (read.rows.length === 0) return read
        const parent = `batch-${number}`
        await tx.insertBatch({
          number: number + 1,
          token: `batch-${number + 1}`,
          parent,
          cursor: read.cursor,
        })
        return read
      })
      if (page.rows.length === 0 && mayEnd) return
      if (page.rows.length > 0) number += 1
      cursor = page.cursor
      sent.push(...page.rows.map(({ id }) => id))
    }
  }
}

it.each([1, 2, 3])(
  'loses and repeats nothing while partitions are emptied all the time, whatever writers do (seed %i)',
  async (seed) => {
    await store.provideShards([
      { first: 0, last: 127 },
      { first: 128, last: 255 },
    ])
    const relays = [await lead(0), await lead(1)]
    const committed: string[] = []
    const sent: string[] = []
    let isWriting = true
    let isSending = true
    let truncated = 0
    const writing = Promise.all(
      Array.from({ length: writers }, (_, writer) => write(seed * 100 + writer, committed)),
    ).finally(() => {
      isWriting = false
    })
    const cleaning = async (): Promise<void> => {
      while (isSending) {
        const reclaimed = await store.guarded({ shard: 0, token: 'token-0', confirmed: 0 }, (tx) =>
          tx.reclaim(atOnce),
        )
        truncated += reclaimed.truncated.length
      }
    }
    const sending = Promise.all(relays.map((relay) => relay(sent, () => isWriting))).finally(() => {
      isSending = false
    })
    await Promise.all([writing, sending, cleaning()])
    expect(sent.toSorted()).toEqual(committed.toSorted())
    expect(truncated).toBeGreaterThan(5)
  },
)
