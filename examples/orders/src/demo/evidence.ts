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

/** Where a run has left its traces. */
export interface Scene {
  /** Its name in the table. */
  readonly title: string
  readonly ordersUrl: string
  readonly billingUrl: string
  readonly brokers: readonly string[]
  readonly prefix: string
}

interface OrderRow {
  readonly id: string
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

/** What SQL and Kafka say of a run. Nothing else is asked: neither the services, nor Pigeonhole's own tables. */
export async function investigate({
  ordersUrl,
  billingUrl,
  brokers,
  prefix,
}: Scene): Promise<ExactlyOnceVerdict> {
  const [ordersTopic, refundsTopic, invoicesTopic] = [
    `${prefix}orders`,
    `${prefix}refunds`,
    `${prefix}invoices`,
  ]
  const orderRows = await query<OrderRow>(
    ordersUrl,
    'SELECT id, customer_id, number, total_cents FROM "order"',
  )
  const invoiceRows = await query<InvoiceRow>(
    billingUrl,
    'SELECT id::text, reference, customer_id, number, amount_cents FROM invoice',
  )
  const log = await readLog({ brokers, topics: [ordersTopic, invoicesTopic] })
  const refunds = await readLog({ brokers, topics: [refundsTopic] })
  const orders = orderRows.map((row) => orderMessage(row, ordersTopic))
  return checkExactlyOnce({
    committed: [...orders, ...invoiceRows.map((row) => invoiceMessage(row, invoicesTopic))],
    log: log.map((record) => ({ ...loggedMessage(record, idOf), content: contentOf(record) })),
    expected: [...orders, ...refundMessages(refunds)],
    effects: invoiceRows.map(invoiceEffect),
  })
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
