// Billing of the run without Pigeonhole.
import type { EachMessageHandler } from 'kafkajs'
import { openBillingDatabase } from '../../billing/database.js'
import { billingHandler, runBilling } from '../../naive/billing.js'
import { connectKafka, required } from '../../settings.js'
import { billingGroup, subjectOf } from './billing-group.js'
import { repeater } from './now-and-then.js'
import { takePart } from './part.js'

const player = takePart()
const prisma = openBillingDatabase(required('BILLING_DATABASE_URL'))
const kafka = connectKafka(player.part.name)
const producer = kafka.producer()
await producer.connect()
const consumer = kafka.consumer(billingGroup)

await runBilling(consumer, observe(billingHandler(prisma, producer)))
player.report({ says: 'ready' })
await player.stopped
await consumer.disconnect()
process.exit()

function observe(eachMessage: EachMessageHandler): EachMessageHandler {
  const isRepeated = repeater(player)
  return async (payload) => {
    const { topic, partition, message } = payload
    const subject = subjectOf({ topic, partition, offset: BigInt(message.offset) })
    await player.reach('about to handle', subject)
    await eachMessage(payload)
    if (isRepeated()) await eachMessage(payload)
    await player.reach('handled', { ...subject, outcome: 'handled' })
  }
}
