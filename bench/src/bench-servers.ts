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

/** New topics. */
export async function newTopics(
  { brokers }: BenchServers,
  { topics, partitions }: TopicLayout,
): Promise<string[]> {
  const names = Array.from({ length: topics }, () => `bench-${randomBytes(4).toString('hex')}`)
  await createTopics(
    brokers,
    names.map((topic) => ({ topic, numPartitions: partitions })),
  )
  return names
}
