import { randomBytes } from 'node:crypto'
import { migrate } from '@pigeonhole/postgres'
import { createDatabase, createTopics } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'

/** The servers of a run. */
export interface BenchServers {
  readonly databaseUrl: string
  readonly brokers: readonly string[]
  /** Whether sizes and repeats are those of the figures in docs/performance.md, and not those of a quick look. */
  readonly full: boolean
}

/** A new database with Pigeonhole's tables. */
export async function migratedDatabase({
  databaseUrl,
}: BenchServers): Promise<{ url: string; drop(): Promise<void> }> {
  const database = await createDatabase({ url: databaseUrl })
  await migrate({ connectionString: database.url })
  return database
}

/** A client without chatter. */
export function quietKafka({ brokers }: BenchServers): Kafka {
  return new Kafka({ clientId: 'bench', brokers: [...brokers], logLevel: logLevel.NOTHING })
}

/** What topics to create. */
export interface TopicLayout {
  readonly topics: number
  readonly partitions: number
}

/** New topics, each partition of which has been written to. */
export async function newTopics(
  servers: BenchServers,
  { topics, partitions }: TopicLayout,
): Promise<string[]> {
  const names = Array.from({ length: topics }, () => `bench-${randomBytes(4).toString('hex')}`)
  await createTopics(
    servers.brokers,
    names.map((topic) => ({ topic, numPartitions: partitions })),
  )
  await warmUp(servers, { names, partitions })
  return names
}

interface NewTopics {
  readonly names: readonly string[]
  readonly partitions: number
}

// A broker flushes files of a new partition behind its first records, and the next ones wait for that: one to three seconds
// for 80 partitions, which would be most of what is measured.
async function warmUp(servers: BenchServers, { names, partitions }: NewTopics): Promise<void> {
  const producer = quietKafka(servers).producer({ idempotent: true })
  await producer.connect()
  const messages = Array.from({ length: partitions }, (_, partition) => ({ partition, value: 'warm-up' }))
  for (let times = 0; times < 5; times++)
    await producer.sendBatch({ acks: -1, topicMessages: names.map((topic) => ({ topic, messages })) })
  await producer.disconnect()
}
