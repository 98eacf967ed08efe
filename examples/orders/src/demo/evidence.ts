import {
  type CommittedMessage,
  checkExactlyOnce,
  type Effect,
  type ExactlyOnceVerdict,
  type LogRecord,
  loggedMessage,
  readLog,
} from '@pigeonhole/testing'
import pg from 'pg'
import { checkIntents, type Intent, type IntentEvidence, type IntentVerdict, type Trace } from './intents.js'

/** Where a run has left its traces. */
export interface Scene {
  /** Its name in the table. */
  readonly title: string
  readonly ordersUrl: string
  readonly billingUrl: string
  readonly shopUrl: string
  readonly brokers: readonly string[]
  readonly prefix: string
}

interface OrderRow {
  readonly id: string
  readonly reference: string
  readonly customer_id: string
  readonly number: number
  readonly total_cents: number
}

interface InvoiceRow {
  readonly id: string
  readonly reference: string
  readonly customer_id: string
  readonly number: number
  readonly amount_cents: number
}

/** What was found of a run. */
export interface Verdict {
  readonly intents: IntentVerdict
  readonly messages: ExactlyOnceVerdict
}

/** What SQL and Kafka say of a run. Nothing else is asked: neither the services, nor Pigeonhole's own tables. */
export async function investigate(scene: Scene): Promise<Verdict> {
  const { ordersUrl, billingUrl, shopUrl, brokers, prefix } = scene
  const [ordersTopic, refundsTopic, invoicesTopic] = [
    `${prefix}orders`,
    `${prefix}refunds`,
    `${prefix}invoices`,
  ]
  const orderRows = await query<OrderRow>(
    ordersUrl,
    'SELECT id, reference, customer_id, number, total_cents FROM "order"',
  )
  const invoiceRows = await query<InvoiceRow>(
    billingUrl,
    'SELECT id::text, reference, customer_id, number, amount_cents FROM invoice',
  )
  const log = await readLog({ brokers, topics: [ordersTopic, invoicesTopic] })
  const refunds = await readLog({ brokers, topics: [refundsTopic] })
  const orders = orderRows.map((row) => orderMessage(row, ordersTopic))
  const messages = checkExactlyOnce({
    committed: [...orders, ...invoiceRows.map((row) => invoiceMessage(row, invoicesTopic))],
    log: log.map((record) => ({ ...loggedMessage(record, idOf), content: contentOf(record) })),
    expected: [...orders, ...refundMessages(refunds)],
    effects: invoiceRows.map(invoiceEffect),
  })
  const events = log.filter(({ topic }) => topic === ordersTopic).map(idOf)
  return { messages, intents: checkIntents(tracesOf(orderRows, events, await readIntents(shopUrl))) }
}

async function readIntents(shopUrl: string): Promise<Intent[]> {
  return query<Intent>(
    shopUrl,
    `SELECT id, coalesce(json_agg(json_build_object('status', status, 'orderId', order_id)) FILTER (WHERE status IS NOT NULL), '[]')
       AS answers
     FROM checkout LEFT JOIN answer ON checkout_id = id GROUP BY id`,
  )
}

// An event tells of an order, and the order of what it is for.
function tracesOf(
  rows: readonly OrderRow[],
  events: readonly string[],
  intents: readonly Intent[],
): IntentEvidence {
  const orders = rows.map(({ id, reference }): Trace => ({ orderId: id, intentId: reference }))
  const byId = new Map(orders.map((order) => [order.orderId, order]))
  return { intents, orders, events: events.flatMap((id) => byId.get(id) ?? []) }
}

function orderMessage({ id, customer_id, number, total_cents }: OrderRow, topic: string): CommittedMessage {
  return { id, topic, key: customer_id, order: number, content: String(total_cents) }
}

function invoiceMessage(
  { id, customer_id, number, amount_cents }: InvoiceRow,
  topic: string,
): CommittedMessage {
  return { id, topic, key: customer_id, order: number, content: String(amount_cents) }
}

function invoiceEffect({ reference, customer_id, number }: InvoiceRow): Effect {
  return { id: reference, key: customer_id, order: number }
}

// The payment provider has no database that could be asked: each refund counts once, where the log first has it.
function refundMessages(records: readonly LogRecord[]): CommittedMessage[] {
  const first = new Map<string, CommittedMessage>()
  for (const record of records) {
    const { id, topic, key, offset } = loggedMessage(record, idOf)
    if (!first.has(id)) first.set(id, { id, topic, key, order: offset })
  }
  return [...first.values()]
}

interface Event {
  readonly orderId?: string
  readonly invoiceId?: string
  readonly refundId?: string
  readonly totalCents?: number
  readonly amountCents?: number
}

// The ids of the domain: what a message says, not what Pigeonhole says of it.
function idOf(record: LogRecord): string {
  const { orderId, invoiceId, refundId } = eventOf(record)
  return orderId ?? invoiceId ?? refundId ?? 'no id'
}

function contentOf(record: LogRecord): string {
  const { totalCents, amountCents } = eventOf(record)
  return String(totalCents ?? amountCents)
}

function eventOf({ value }: LogRecord): Event {
  return JSON.parse(Buffer.from(value ?? []).toString('utf8')) as Event
}

async function query<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}
