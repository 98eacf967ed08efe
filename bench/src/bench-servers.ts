import { randomBytes } from 'node:crypto'
import { migrate } from '@pigeonhole/postgres'
import { createDatabase, createTopics } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'

/** The servers of a run. */
export interface BenchServers {
  readonly databaseUrl: string
  readonly brokers: readonly string[]
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

/** A new topic of four partitions. */
export async function newTopic({ brokers }: BenchServers): Promise<string> {
  const topic = `bench-${randomBytes(4).toString('hex')}`
  await createTopics(brokers, [{ topic, numPartitions: 4 }])
  return topic
}
