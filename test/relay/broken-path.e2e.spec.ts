import { connect } from 'node:net'
import { createOutbox, createRelay, type Relay } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { createDatabase, createTopics, nextEvent, readLog } from '@pigeonhole/testing'
import { type ISocketFactory, Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { expect, inject, it, onTestFinished } from 'vitest'

const brokers = inject('kafkaBrokers')
const topic = `broken-path-${process.pid}`
const small = 4_096

// As where a router on the way drops large packets and tells nobody: all that opens a shard is small, and batches never get there.
const smallPackets: ISocketFactory = ({ host, port, onConnect }) => {
  const socket = connect({ host, port }, onConnect)
  const write = socket.write.bind(socket)
  socket.write = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
    if (chunk.length <= small) return write(chunk as string, ...(rest as []))
    socket.destroy(new Error('the packet was too large'))
    return false
  }
  return socket
}

it('a relay from which no batch gets through leaves its shard to one that has a way', async () => {
  const database = await createDatabase({ url: inject('databaseUrl') })
  onTestFinished(() => database.drop())
  await migrate({ connectionString: database.url })
  const pool = new pg.Pool({ connectionString: database.url })
  onTestFinished(() => pool.end())
  await createTopics(brokers, [{ topic, numPartitions: 1 }])

  const newRelay = (socketFactory?: ISocketFactory): Relay => {
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, ...(socketFactory && { socketFactory }) })
    const relay = createRelay({
      name: topic,
      store: postgresStore(pool),
      publisher: kafkajsPublisher(kafka),
      leaseMs: 3_000,
      renewMs: 500,
    })
    onTestFinished(() => relay.stop({ signal: AbortSignal.timeout(0) }))
    return relay
  }
  const publish = async (value: string): Promise<void> => {
    const client = await pool.connect()
    await client.query('BEGIN')
    await createOutbox({ store: postgresStore(pool) }).publishRaw(client, [{ topic, key: 'key', value }])
    await client.query('COMMIT')
    client.release()
  }

  const cutOff = newRelay(smallPackets)
  const opened = nextEvent(cutOff, 'shard:opened')
  await cutOff.start()
  await opened
  const other = newRelay()
  const standby = nextEvent(other, 'shard:changed', ({ state }) => state === 'standby')
  await other.start()
  await standby
  const sent = nextEvent(other, 'batch:published')
  await publish('x'.repeat(2 * small))
  expect(await sent).toMatchObject({ rows: 1 })
  expect(await readLog({ brokers, topics: [topic] })).toHaveLength(1)
}, 60_000)
