import { randomUUID } from 'node:crypto'
import {
  type Cleaning,
  type Cursor,
  isPigeonholeError,
  type Lease,
  originCursor,
  type Reclaimed,
  type RelayStore,
} from '@pigeonhole/core'
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
/** Of each writer, at least. */
const transactions = 40
const truncations = 6

/** Numbers that look random, the same for each seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state % below
  }
}

/** Commits messages, or rolls them back, with round trips between the snapshot, the rows and the end, as long as it is told to. */
async function write(seed: number, committed: string[], goesOn: () => boolean): Promise<void> {
  const random = randomFrom(seed)
  const client = await database.pool.connect()
  const linger = async (): Promise<void> => {
    for (let turns = random(12); turns > 0; turns--) await client.query('SELECT 1')
  }
  for (let n = 0; n < transactions || goesOn(); n++) {
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

/**
 * Cleans, or does not where this process stood still in the middle, as it may on a busy machine: its session is ended then, and
 * everything is as it was.
 */
function clean(): Promise<Reclaimed | undefined> {
  const guard = { shard: 0, token: 'token-0', confirmed: 0 }
  return store
    .guarded(guard, (tx) => tx.reclaim(atOnce))
    .catch((error: unknown) => {
      if (!isPigeonholeError(error, 'STORE_UNAVAILABLE')) throw error
      return undefined
    })
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
    let isCleaning = true
    let truncated = 0
    const writing = Promise.all(
      // How often partitions are emptied meanwhile is a matter of who is let run.
      Array.from({ length: writers }, (_, writer) =>
        write(seed * 100 + writer, committed, () => isCleaning && truncated < truncations),
      ),
    ).finally(() => {
      isWriting = false
    })
    const cleaning = async (): Promise<void> => {
      try {
        while (isSending) truncated += (await clean())?.truncated.length ?? 0
      } finally {
        isCleaning = false
      }
    }
    const sending = Promise.all(relays.map((relay) => relay(sent, () => isWriting))).finally(() => {
      isSending = false
    })
    await Promise.all([writing, sending, cleaning()])
    expect(sent.toSorted()).toEqual(committed.toSorted())
    expect(truncated).toBeGreaterThanOrEqual(truncations)
  },
)
