import { dockerKafka } from './docker-kafka.js'
import { embeddedKafka } from './embedded-kafka.js'
import { environmentKafka } from './environment-kafka.js'
import type { KafkaCluster, StartKafkaOptions } from './kafka-cluster.js'
import { defaultSources, firstSource } from './server-source.js'
import { logToStandardError } from './standard-error.js'

/**
 * Finds or starts a Kafka cluster of one or three brokers for tests: the one that `PIGEONHOLE_TEST_KAFKA_BROKERS`
 * names (comma-separated), else one in Docker (through testcontainers), else a real Kafka whose jars Maven fetches
 * once into `$XDG_CACHE_HOME/pigeonhole` or `~/.cache/pigeonhole`. What it starts ends with `stop()`, or with this
 * process however that ends.
 *
 * Throws PROVISIONING_FAILED, naming for each source what is missing and the command that mends it.
 */
export function startKafka(options: StartKafkaOptions): Promise<KafkaCluster> {
  const { sources = defaultSources, log = logToStandardError } = options
  return firstSource<KafkaCluster>({
    server: 'Kafka',
    sources,
    open: {
      environment: () => environmentKafka(options),
      docker: () => dockerKafka(options, log),
      embedded: () => embeddedKafka(options, log),
    },
  })
}
