// A relay of the Pigeonhole run. Its lease is short, so that the demo need not wait long for a successor.
import pg from 'pg'
import { createRelay, type RelayPublisher } from 'pigeonhole'
import { kafkajsPublisher } from 'pigeonhole/kafkajs'
import { postgresStore } from 'pigeonhole/postgres'
import { connectKafka, prefix, required } from '../../settings.js'
import { ackLoser } from './now-and-then.js'
import { takePart } from './part.js'

type ShardProducer = Awaited<ReturnType<RelayPublisher['fence']>>

const player = takePart()
const isLost = ackLoser(player)
const name = `${prefix}${required('RELAY_NAME')}`
const pool = new pg.Pool({ connectionString: required('DATABASE_URL') })
const kafka = connectKafka(player.part.name)

const relay = createRelay({
  name,
  store: postgresStore(pool, { relayTimeoutMs: 1_500 }),
  publisher: observe(kafkajsPublisher(kafka)),
  leaseMs: 2_000,
  renewMs: 500,
})
relay.on('shard:changed', ({ state, error }) => {
  if (state === 'publishing' || state === 'standby') player.report({ says: 'ready' })
  if (state === 'halted') throw error
})
await relay.start()
await player.stopped
await relay.stop()
process.exit()

function observe(publisher: RelayPublisher): RelayPublisher {
  return {
    connect: (relay) => publisher.connect(relay),
    createCheckpointTopic: (relay, shards) => publisher.createCheckpointTopic(relay, shards),
    extendCheckpointTopic: (relay, shards) => publisher.extendCheckpointTopic(relay, shards),
    hasCheckpointTopic: (relay, shards) => publisher.hasCheckpointTopic(relay, shards),
    fence: async (relay, shard) => observeProducer(await publisher.fence(relay, shard)),
    locate: (messages) => publisher.locate(messages),
    close: () => publisher.close(),
  }
}

// A batch is sent in an open transaction of Kafka, and committed.
function observeProducer(producer: ShardProducer): ShardProducer {
  let messages = 0
  return {
    readCheckpoint: () => producer.readCheckpoint(),
    begin: (checkpoint) => producer.begin(checkpoint),
    async send(rows) {
      await player.reach('about to send')
      await orGiveUp(producer.send(rows))
      messages = rows.length
    },
    async commit() {
      await orGiveUp(producer.commit())
      if (messages === 0) return // The first transaction of all carries nothing but the checkpoint.
      await player.reach('in Kafka', { messages })
      messages = 0
      if (isLost()) throw new Error('The acknowledgement of a commit is lost')
    },
    isIntact: () => producer.isIntact(),
    close: () => producer.close(),
  }
}

// Who was overtaken may have noticed before it stood still, and stand by already: what it was about to do fails all the same.
async function orGiveUp<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    player.report({ says: 'given up', subject: {} })
    throw error
  }
}
