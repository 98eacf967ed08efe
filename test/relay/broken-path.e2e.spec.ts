import { connect, createServer } from 'node:net'
import { createOutbox, createRelay, type Relay } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { createDatabase, createTopics, nextEvent, readLog } from '@pigeonhole/testing'
import { type ISocketFactory, Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { expect, inject, it, onTestFinished } from 'vitest'

const brokers = inject('kafkaBrokers')
// All that opens a shard is smaller, in both directions.
const large = 16_384
let runs = 0

// As where a router on the way drops large packets and tells nobody.
const smallRequests: ISocketFactory = ({ host, port, onConnect }) => {
  const socket = connect({ host, port }, onConnect)
  const write = socket.write.bind(socket)
  socket.write = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
    if (chunk.length < large) return write(chunk as string, ...(rest as []))
    socket.destroy(new Error('the packet was too large'))
    return false
  }
  return socket
}

/** The address of a server by a way over which no large answer comes back. */
async function smallAnswers(connectionString: string): Promise<string> {
  const url = new URL(connectionString)
  const { hostname: host, port } = url
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port) })
    const end = (): void => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) socket.on('error', end).on('close', end)
    near.pipe(far)
    far.on('data', (chunk) => (chunk.length < large ? near.write(chunk) : end()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as { readonly port: number }).port)
  return url.href
}

interface Lab {
  readonly topic: string
  /** Creates a relay, on the straight ways where none are given. */
  newRelay(ways?: { readonly socketFactory?: ISocketFactory; readonly pool?: pg.Pool }): Relay
  newPool(connectionString?: string): pg.Pool
  readonly databaseUrl: string
  publish(value: string): Promise<void>
}

async function openLab(): Promise<Lab> {
  const database = await createDatabase({ url: inject('databaseUrl') })
  onTestFinished(() => database.drop())
  await migrate({ connectionString: database.url })
  const newPool = (connectionString = database.url): pg.Pool => {
    const opened = new pg.Pool({ connectionString })
    onTestFinished(() => opened.end())
    return opened
  }
  const pool = newPool()
  const topic = `broken-path-${process.pid}-${++runs}`
  await createTopics(brokers, [{ topic, numPartitions: 1 }])
  return {
    topic,
    databaseUrl: database.url,
    newPool,
    newRelay({ socketFactory, pool: own = pool } = {}) {
      const kafka = new Kafka({
        brokers,
        logLevel: logLevel.NOTHING,
        ...(socketFactory && { socketFactory }),
      })
      const publisher = kafkajsPublisher(kafka)
      const relay = createRelay({
        name: topic,
        store: postgresStore(own),
        publisher,
        leaseMs: 3_000,
        renewMs: 500,
      })
      onTestFinished(() => relay.stop({ signal: AbortSignal.timeout(0) }))
      return relay
    },
    async publish(value) {
      const client = await pool.connect()
      await client.query('BEGIN')
      await createOutbox({ store: postgresStore(pool) }).publishRaw(client, [{ topic, key: 'key', value }])
      await client.query('COMMIT')
      client.release()
    },
  }
}

/** Whether `other` comes to send what `cutOff`, which has the shard, cannot. */
async function expectHandover({ topic, publish }: Lab, cutOff: Relay, other: Relay): Promise<void> {
  const opened = nextEvent(cutOff, 'shard:opened')
  await cutOff.start()
  await opened
  const standby = nextEvent(other, 'shard:changed', ({ state }) => state === 'standby')
  await other.start()
  await standby
  const sent = nextEvent(other, 'batch:published')
  await publish('x'.repeat(8 * large))
  expect(await sent).toMatchObject({ rows: 1 })
  expect(await readLog({ brokers, topics: [topic] })).toHaveLength(1)
}

it('a relay of which no batch gets to Kafka leaves its shard to one that has a way', async () => {
  const lab = await openLab()
  await expectHandover(lab, lab.newRelay({ socketFactory: smallRequests }), lab.newRelay())
})

it('a relay that gets no page from PostgreSQL leaves its shard to one that has a way', async () => {
  const lab = await openLab()
  const pool = lab.newPool(await smallAnswers(lab.databaseUrl))
  await expectHandover(lab, lab.newRelay({ pool }), lab.newRelay())
})
