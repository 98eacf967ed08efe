import { startKafka, startPostgres } from '@pigeonhole/testing'
import type { Servers } from './stage.js'

/** Finds or starts PostgreSQL and Kafka. What was started ends with the disposal. */
export async function openServers(): Promise<Servers & AsyncDisposable & { readonly description: string }> {
  const [postgres, kafka] = await Promise.allSettled([startPostgres(), startKafka({ brokers: 1 })])
  const started = [postgres, kafka].flatMap((server) => (server.status === 'fulfilled' ? [server.value] : []))
  const stop = async (): Promise<void> => void (await Promise.all(started.map((server) => server.stop())))
  if (postgres.status === 'rejected' || kafka.status === 'rejected') {
    await stop()
    throw postgres.status === 'rejected' ? postgres.reason : (kafka as PromiseRejectedResult).reason
  }
  return {
    postgresUrl: postgres.value.url,
    brokers: kafka.value.brokers,
    shared: postgres.value.source === 'environment' || kafka.value.source === 'environment',
    description: `PostgreSQL (${postgres.value.source}) and Kafka (${kafka.value.source})`,
    [Symbol.asyncDispose]: stop,
  }
}
