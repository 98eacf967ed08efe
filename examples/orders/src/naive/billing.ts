import type { Consumer, EachMessageHandler, Producer } from 'kafkajs'
import { issueInvoice } from '../billing/issue-invoice.js'
import type { PrismaClient } from '../generated/billing/client.js'
import { invoices, type OrderPlaced, orders, type Refund, refunds } from '../topics.js'

/** The usual way: handle, then send, and let kafkajs commit the offset. Who dies in between does it all again. */
export function billingHandler(prisma: PrismaClient, producer: Producer): EachMessageHandler {
  return async ({ message }) => {
    const event: OrderPlaced | Refund = JSON.parse(String(message.value))
    const invoice = await prisma.$transaction((tx) => issueInvoice(tx, event))
    const told = { key: invoice.customerId, value: JSON.stringify(invoice) }
    await producer.send({ topic: invoices.name, messages: [told] })
  }
}

/** Hands the messages of both topics to `eachMessage`. */
export async function runBilling(consumer: Consumer, eachMessage: EachMessageHandler): Promise<void> {
  await consumer.connect()
  await consumer.subscribe({ topics: [orders.name, refunds.name], fromBeginning: true })
  await consumer.run({ eachMessage })
}
