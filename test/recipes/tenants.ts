import { type Binding, type Outbox, on, type Topic, topic } from '@pigeonhole/core'
import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { PrismaClient } from '../prisma/fixture/generated/client.js'

// #region tenant-topic
/** What all tenants publish to one topic. Ids are a tenant's own, so that two may have the same: its name belongs to the key. */
export interface TenantOrder {
  readonly tenant: string
  readonly orderId: number
  readonly cents: number
}

export function tenantOrders(name: string): Topic<TenantOrder> {
  return topic<TenantOrder>(name, { key: ({ tenant, orderId }) => `${tenant}/${orderId}` })
}
// #endregion

// #region tenant-search-path
/** Has names without a schema mean a tenant's, until the transaction ends. Pigeonhole writes the schema of its own out. */
async function useTenant(tx: pg.ClientBase, tenant: string): Promise<void> {
  await tx.query("SELECT set_config('search_path', quote_ident($1), true)", [tenant])
}

/** In a transaction of any connection. */
export async function placeOrder(
  tx: pg.ClientBase,
  outbox: Outbox<pg.ClientBase>,
  orders: Topic<TenantOrder>,
  order: TenantOrder,
): Promise<void> {
  await useTenant(tx, order.tenant)
  await tx.query('INSERT INTO orders (id, cents) VALUES ($1, $2)', [order.orderId, order.cents])
  await outbox.publish(tx, orders, order)
}

/** One inbox handles the messages of all tenants, several of them in one transaction: each says whose it is. */
export function receiveOrders(orders: Topic<TenantOrder>): Binding<pg.ClientBase> {
  return on(
    orders,
    async ({ message: { value }, tx }) => {
      await useTenant(tx, value.tenant)
      await tx.query('INSERT INTO received (id, cents) VALUES ($1, $2)', [value.orderId, value.cents])
    },
    { group: 10 },
  )
}
// #endregion

// #region tenant-prisma
/** A client whose models are a tenant's. All tenants share the connections of one pool. */
export function tenantClient(pool: pg.Pool, tenant: string): PrismaClient {
  return new PrismaClient({ adapter: new PrismaPg(pool, { schema: tenant }) })
}
// #endregion
