import { writeSync } from 'node:fs'
import { createIdempotency, createOutbox, type IdempotencyStore } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import pg from 'pg'
import type { OperationPoint } from './operation-points.js'
import { placed } from './placed.js'

const [, , url, key = '', point] = process.argv

function reach(reached: OperationPoint): void {
  if (reached !== point) return
  writeSync(1, reached)
  process.kill(process.pid, 'SIGKILL')
}

const pool = new pg.Pool({ connectionString: url })
const store = postgresStore(pool)
const observed: IdempotencyStore<pg.ClientBase> = {
  ...store,
  async claimKey(...args) {
    reach('claim:before')
    const claim = await store.claimKey(...args)
    reach('claim:after')
    return claim
  },
  async storeAnswer(...args) {
    reach('answer:before')
    const stored = await store.storeAnswer(...args)
    reach('answer:after')
    return stored
  },
}
const idempotency = createIdempotency({ store: observed, outbox: createOutbox({ store }) })
await idempotency.run({ operation: 'POST /orders', key, input: key }, async ({ tx, publish }) => {
  await tx.query('INSERT INTO orders (id, name) VALUES ($1, $1)', [key])
  await publish(placed, { id: key })
  reach('handler:during')
  return 'placed'
})
reach('commit:after')
throw new Error(`the point ${point} was not reached`)
