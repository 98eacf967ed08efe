// One PostgreSQL and one Kafka for the whole run. Every project of vitest.config.ts that needs them calls this:
// the first finds or starts them and names them in the environment, where the others, and every worker, find them.
import { type KafkaCluster, type PostgresServer, startKafka, startPostgres } from '@pigeonhole/testing'
import type { TestProject } from 'vitest/node'
import { haveCoordinators } from './coordinators.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** A superuser's connection to the run's PostgreSQL. A spec makes a database of its own with `createDatabase`. */
    databaseUrl: string
    /** Bootstrap addresses of the run's Kafka. A spec's topics, groups and transactional ids are its own. */
    kafkaBrokers: string[]
  }
}

export default async function provideServers(project: TestProject): Promise<() => Promise<void>> {
  const [postgres, kafka] = await startBoth()
  process.env['PIGEONHOLE_TEST_DATABASE_URL'] = postgres.url
  process.env['PIGEONHOLE_TEST_KAFKA_BROKERS'] = kafka.brokers.join(',')
  project.provide('databaseUrl', postgres.url)
  project.provide('kafkaBrokers', kafka.brokers)
  return async () => {
    await Promise.all([postgres.stop(), kafka.stop()])
  }
}

async function startBoth(): Promise<[PostgresServer, KafkaCluster]> {
  const [postgres, kafka] = await Promise.allSettled([startPostgres(), startCoordinated()])
  if (postgres.status === 'fulfilled' && kafka.status === 'fulfilled') return [postgres.value, kafka.value]
  for (const outcome of [postgres, kafka]) if (outcome.status === 'fulfilled') await outcome.value.stop()
  const failures = [postgres, kafka].flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  )
  throw failures.length === 1 ? failures[0] : new AggregateError(failures, failures.map(String).join('\n\n'))
}

async function startCoordinated(): Promise<KafkaCluster> {
  const kafka = await startKafka({ brokers: 1 })
  try {
    await haveCoordinators(kafka.brokers)
  } catch (error) {
    await kafka.stop()
    throw error
  }
  return kafka
}
