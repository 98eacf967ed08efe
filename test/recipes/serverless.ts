import { canonicalJson, createIdempotency, createOutbox, createRelay, type Topic } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import type { Kafka } from 'kafkajs'
import pg from 'pg'

/** What is asked for. */
export interface PlacedOrder {
  readonly orderId: string
  readonly cents: number
}

// #region serverless
/** The id stays the same when the caller, the queue or the platform asks again. */
export interface OrderRequest extends PlacedOrder {
  readonly requestId: string
}

/** One invocation: places an order, with its event, and answers each repeat as the first. */
export async function placeOrder(
  databaseUrl: string,
  orders: Topic<PlacedOrder>,
  { requestId, ...order }: OrderRequest,
): Promise<{ readonly placed: string }> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1, connectionTimeoutMillis: 5_000 })
  try {
    const store = postgresStore(pool)
    // What an instance that is frozen or cut off has left open, the server ends after this time.
    const idempotency = createIdempotency({ store, outbox: createOutbox({ store }), timeoutMs: 5_000 })
    const { result } = await idempotency.run(
      { operation: 'place order', key: requestId, input: canonicalJson(JSON.stringify(order)) },
      async ({ tx, publish }) => {
        await tx.query('INSERT INTO orders (id, cents) VALUES ($1, $2)', [order.orderId, order.cents])
        await publish(orders, order)
        return { placed: order.orderId }
      },
    )
    return result
  } finally {
    // Before the answer: behind it the instance is frozen with whatever it has open.
    await pool.end()
  }
}
// #endregion

// #region serverless-relay
/** One invocation on a timer: sends what was committed before. A second one at the same time waits for the first. */
export async function relayOnce(name: string, databaseUrl: string, kafka: Kafka): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 })
  const relay = createRelay({ name, store: postgresStore(pool), publisher: kafkajsPublisher(kafka) })
  try {
    await relay.start()
    await relay.drain()
  } finally {
    await relay.stop()
    await pool.end()
  }
}
// #endregion
