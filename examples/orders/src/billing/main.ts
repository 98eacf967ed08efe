// Billing: consumes orders and refunds, writes invoices.
import { once } from 'node:events'
import { runInbox } from 'pigeonhole/kafkajs'
import { connectKafka, prefix, required } from '../settings.js'
import { billingHandlers, billingInbox } from './billing.js'
import { openBillingDatabase } from './database.js'

const prisma = openBillingDatabase(required('BILLING_DATABASE_URL'))
const kafka = connectKafka('billing')
const inbox = billingInbox(prisma)

// #region run
const run = await runInbox(kafka.consumer({ groupId: `${prefix}billing` }), inbox, {
  handlers: billingHandlers,
})
// #endregion
run.on('partition:held', ({ topic, partition, delayMs, error }) =>
  console.error(`billing: ${topic}/${partition} is tried again in ${delayMs} ms:`, error),
)
console.log('billing: running')

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
await run.stop()
await prisma.$disconnect()
