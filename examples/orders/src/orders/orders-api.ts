import { Hono } from 'hono'
import { createIdempotency, createOutbox, type Idempotency } from 'pigeonhole'
import { idempotentHandler } from 'pigeonhole/http'
import { prismaStore } from 'pigeonhole/prisma'
import type { Prisma, PrismaClient } from '../generated/orders/client.js'
import { answerOrder } from './answer-order.js'
import { placeOrder } from './place-order.js'

/** The order service, and what keeps its callers' keys. */
export interface OrdersApi {
  readonly app: Hono
  readonly idempotency: Idempotency<Prisma.TransactionClient>
}

/** `POST /orders`: one order, one event and the same answer for each `Idempotency-Key`. */
export function ordersApi(prisma: PrismaClient): OrdersApi {
  const app = new Hono()
  // #region idempotent
  const store = prismaStore(prisma)
  const outbox = createOutbox({ store })
  const idempotency = createIdempotency({ store, outbox })

  const handle = idempotentHandler({ idempotency, operation: 'POST /orders' }, (request, { tx }) =>
    answerOrder(request, (order) => placeOrder(tx, outbox, order)),
  )
  app.post('/orders', (context) => handle(context.req.raw))
  // #endregion
  return { app, idempotency }
}
