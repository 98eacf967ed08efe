import type { Check } from '../../check.js'
import type { KafkaFacts } from '../kafka-facts.js'

export const brokers: Check<KafkaFacts> = {
  name: 'kafka-brokers',
  about: 'every broker can be reached from here at the address that it tells clients',
  judge({ cluster }) {
    return cluster.brokers
      .filter(({ error }) => error !== undefined)
      .map(({ id, host, port, error }) => ({
        severity: 'broken',
        is: `broker ${id} cannot be reached at ${host}:${port}: ${error}`,
        why: 'What it leads can be neither written nor read from here.',
        fix: 'Start it, or mend its advertised.listeners and the network between.',
      }))
  },
}
