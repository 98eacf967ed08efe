// Billing of the Pigeonhole run.
import type { Inbox } from 'pigeonhole'
import { runInbox } from 'pigeonhole/kafkajs'
import { billingHandlers, billingInbox } from '../../billing/billing.js'
import { openBillingDatabase } from '../../billing/database.js'
import { connectKafka, required } from '../../settings.js'
import { billingGroup, subjectOf } from './billing-group.js'
import { repeater } from './now-and-then.js'
import { takePart } from './part.js'

const player = takePart()
const prisma = openBillingDatabase(required('BILLING_DATABASE_URL'))
const consumer = connectKafka(player.part.name).consumer(billingGroup)

const run = await runInbox(consumer, observe(billingInbox(prisma)), { handlers: billingHandlers })
player.report({ says: 'ready' })
await player.stopped
await run.stop()
process.exit()

function observe<Tx>(inbox: Inbox<Tx>): Inbox<Tx> {
  const isRepeated = repeater(player)
  const handle: Inbox<Tx>['handle'] = async (delivery, binding, options) => {
    const subject = subjectOf(delivery)
    await player.reach('about to handle', subject)
    try {
      const outcome = await inbox.handle(delivery, binding, options)
      if (isRepeated()) await inbox.handle(delivery, binding, options)
      await player.reach('handled', { ...subject, outcome: outcome.status })
      return outcome
    } catch (error) {
      player.report({ says: 'given up', subject })
      throw error
    }
  }
  return {
    name: inbox.name,
    keepsPositions: inbox.keepsPositions,
    keepsIds: inbox.keepsIds,
    idRetentionMs: inbox.idRetentionMs,
    forgetOldIds: (options) => inbox.forgetOldIds(options),
    on: (event, listener) => inbox.on(event, listener),
    readPositions: (partitions) => inbox.readPositions(partitions),
    bindTopic: (topic, topicId) => inbox.bindTopic(topic, topicId),
    claimPosition: (position) => inbox.claimPosition(position),
    waitForTurn: (delivery) => inbox.waitForTurn(delivery),
    startMessage: (position) => inbox.startMessage(position),
    endMessage: (position) => inbox.endMessage(position),
    finishMessage: (position) => inbox.finishMessage(position),
    park: (delivery, options) => inbox.park(delivery, options),
    retryParked: (bindings, options) => inbox.retryParked(bindings, options),
    checkSchema: () => inbox.checkSchema(),
    handle,
    handleGroup: (deliveries, binding, options) =>
      Promise.all(deliveries.slice(0, 1).map((first) => handle(first, binding, options))),
  }
}
