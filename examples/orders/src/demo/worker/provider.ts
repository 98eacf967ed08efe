// The payment provider of both runs. It is not ours: it has no outbox, and sends some refunds twice under one id.
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { connectKafka } from '../../settings.js'
import { type Refund, refunds } from '../../topics.js'
import { customers } from '../catalogue.js'
import { between, pick, randomFrom } from '../random.js'
import { takePart } from './part.js'

const player = takePart()
const { plan, name } = player.part
const random = randomFrom(plan.seed, name)
const producer = connectKafka(name).producer()
await producer.connect()

player.report({ says: 'ready' })
for (let sent = 1; !player.finishing.aborted; sent++) {
  const customerId = pick(random, customers)
  const refund: Refund = {
    type: 'Refund',
    refundId: randomUUID(),
    customerId,
    amountCents: between(random, 100, 999),
  }
  const headers = { 'message-id': refund.refundId }
  const message = { key: customerId, value: JSON.stringify(refund), headers }
  await producer.send({ topic: refunds.name, messages: [message] })
  if (sent % plan.sendTwiceEvery === 0) {
    await producer.send({ topic: refunds.name, messages: [message] })
    player.report({ says: 'sent twice' })
  }
  await pause(plan.refundPaceMs)
}
player.report({ says: 'done' })
await player.stopped
process.exit()
