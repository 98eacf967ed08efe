// An order service of the run without Pigeonhole: it sends to Kafka itself.
import type { Producer } from 'kafkajs'
import { orderPlacing } from '../../naive/place-order.js'
import { answerOrder } from '../../orders/answer-order.js'
import { openOrdersDatabase } from '../../orders/database.js'
import { connectKafka, required } from '../../settings.js'
import { ackLoser } from './now-and-then.js'
import { serveOrders } from './order-server.js'
import { takePart } from './part.js'

const player = takePart()
const isLost = ackLoser(player)
const prisma = openOrdersDatabase(required('ORDERS_DATABASE_URL'))
const producer = connectKafka(player.part.name).producer()
await producer.connect()

// The service sends as soon as its transaction is committed. Where an acknowledgement is lost, kafkajs sends again.
const observed: Pick<Producer, 'send'> = {
  async send(record) {
    await player.reach('order committed')
    await player.reach('about to send')
    const result = await producer.send(record)
    await player.reach('in Kafka', { messages: record.messages.length })
    return isLost() ? await producer.send(record) : result
  },
}

const placeOrder = orderPlacing(prisma, observed)
await serveOrders(player, (request) => answerOrder(request, placeOrder))
process.exit()
