// The services as processes, the way README.md says.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { readLog } from '@pigeonhole/testing'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type Stage, setStage, strikeStage } from './demo/stage.js'
import { askForOrder } from './shop/ask-for-order.js'

const servers = { postgresUrl: inject('databaseUrl'), brokers: inject('kafkaBrokers'), shared: true }
const services: ChildProcess[] = []
let stage: Stage
let ordersUrl: string

beforeAll(async () => {
  stage = await setStage(servers, `services-${randomUUID()}.`)
  const { environment } = stage
  const [listening] = await Promise.all([
    start('orders', { PORT: '0' }),
    start('billing'),
    start('relay', { RELAY_NAME: 'orders', DATABASE_URL: environment['ORDERS_DATABASE_URL'] }),
    start('relay', { RELAY_NAME: 'billing', DATABASE_URL: environment['BILLING_DATABASE_URL'] }),
  ])
  ordersUrl = listening.slice(listening.indexOf('http'))
})

afterAll(async () => {
  for (const service of services) service.kill('SIGKILL')
  await strikeStage(stage, servers)
})

/** Starts a service. Resolves to its first line, which says that it runs. */
async function start(name: string, more: NodeJS.ProcessEnv = {}): Promise<string> {
  const main = fileURLToPath(new URL(`../dist/${name}/main.js`, import.meta.url))
  const service = spawn(process.execPath, [main], {
    env: { ...process.env, ...stage.environment, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  services.push(service)
  const [line] = await once(createInterface(service.stdout), 'line')
  return line
}

function post(order: object, key: string = randomUUID()): Promise<Response> {
  const body = JSON.stringify({ reference: 'test', ...order })
  return fetch(ordersUrl, { method: 'POST', headers: { 'idempotency-key': key }, body })
}

async function orderRows(reference: string): Promise<number> {
  const client = new pg.Client({ connectionString: stage.orders.url })
  await client.connect()
  try {
    return (await client.query('SELECT FROM "order" WHERE reference = $1', [reference])).rowCount ?? 0
  } finally {
    await client.end()
  }
}

async function invoices(): Promise<{ id: string; reference: string; amount_cents: number }[]> {
  const client = new pg.Client({ connectionString: stage.billing.url })
  await client.connect()
  try {
    return (await client.query('SELECT id::text, reference, amount_cents FROM invoice')).rows
  } finally {
    await client.end()
  }
}

it('turns an order into an invoice and an event that tells of it', async () => {
  const placed = await post({ customerId: 'ada', productId: 'anvil', quantity: 3 })
  expect(placed.status).toBe(201)
  const { orderId } = (await placed.json()) as { orderId: string }
  // An attempt that the machine was too slow for is rolled back, and takes its number with it.
  await expect
    .poll(invoices, { timeout: 30_000 })
    .toEqual([{ id: expect.any(String), reference: orderId, amount_cents: 300 }])
  const [invoice] = await invoices()
  const told = async () => {
    const records = await readLog({ brokers: servers.brokers, topics: [`${stage.prefix}invoices`] })
    return records.map(({ value }) => JSON.parse(Buffer.from(value ?? []).toString()))
  }
  await expect
    .poll(told, { timeout: 30_000 })
    .toEqual([{ type: 'InvoiceIssued', invoiceId: invoice?.id, customerId: 'ada', amountCents: 300 }])
})

it('gives the shop that asks again the answer that it gave before, and makes no second order', async () => {
  const checkout = { id: randomUUID(), customerId: 'ada', productId: 'anvil', quantity: 1 }
  const first = await askForOrder(ordersUrl, checkout)
  const again = await askForOrder(ordersUrl, checkout)
  expect(first).toEqual({ status: 201, orderId: expect.any(String) })
  expect(again).toEqual(first)
  expect(await orderRows(checkout.id)).toBe(1)
})

it('refuses what it cannot do, and tells nobody of it', async () => {
  const refused = { reference: 'refused', customerId: 'ada', productId: 'grail', quantity: 1 }
  for (const _ of ['once', 'again']) {
    const response = await post(refused, 'of-the-refused')
    expect([response.status, await response.json()]).toEqual([409, { error: 'Not enough in stock' }])
  }
  expect(await orderRows('refused')).toBe(0)
  expect((await post({ customerId: 'nobody', productId: 'anvil', quantity: 1 })).status).toBe(409)
  expect((await post({ customerId: 'ada', quantity: 'many' })).status).toBe(400)
  expect((await fetch(ordersUrl)).status).toBe(404)
  expect((await fetch(ordersUrl, { method: 'POST' })).status).toBe(400)
  // An order behind them has arrived, and only it has.
  const { orderId } = (await (await post({ customerId: 'ben', productId: 'anvil', quantity: 1 })).json()) as {
    orderId: string
  }
  await expect
    .poll(async () => (await invoices()).map(({ reference }) => reference), { timeout: 30_000 })
    .toContain(orderId)
  // One that was placed before it may come behind it, from another partition.
  await expect.poll(invoices, { timeout: 30_000 }).toHaveLength(3)
})

it('ends on SIGTERM', async () => {
  const exits = services.map(async (service) => {
    const exit = once(service, 'exit')
    service.kill('SIGTERM')
    return (await exit)[0]
  })
  expect(await Promise.all(exits)).toEqual([0, 0, 0, 0])
})
