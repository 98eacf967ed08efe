import type { InspectedBroker } from '@pigeonhole/kafkajs'
import type { Check } from '../../check.js'
import type { Finding } from '../../finding.js'
import type { KafkaFacts } from '../kafka-facts.js'

/** Requests of transactions, by their keys: InitProducerId, AddPartitionsToTxn, EndTxn. */
const transactions = [22, 24, 26]
const addPartitions = 24
/** The version by which brokers ask each other whether a transaction is going on (KIP-890). */
const verifying = 4
const verification = 'transaction.partition.verification.enable'

export const version: Check<KafkaFacts> = {
  name: 'kafka-version',
  about: 'the brokers know transactions, and refuse records that come late for one (Kafka 3.6 or newer)',
  judge({ cluster }) {
    const asked = cluster.brokers.filter(({ error }) => error === undefined)
    const without = asked.filter(({ versions }) => transactions.some((key) => !versions.has(key)))
    if (without.length > 0) return [noTransactions(without)]
    const old = asked.filter(({ versions }) => (versions.get(addPartitions) ?? 0) < verifying)
    if (old.length > 0) return [unverified(`brokers ${idsOf(old)} are older than Kafka 3.6`, 'Upgrade them.')]
    const off = asked.filter(({ settings }) => settings?.[verification] === 'false')
    return off.length === 0
      ? []
      : [unverified(`${verification} = false on brokers ${idsOf(off)}`, `${verification}=true`)]
  },
}

function idsOf(brokers: readonly InspectedBroker[]): string {
  return brokers.map(({ id }) => id).join(', ')
}

function noTransactions(brokers: readonly InspectedBroker[]): Finding {
  return {
    severity: 'broken',
    is: `brokers ${idsOf(brokers)} know no transactions`,
    why: 'Each batch is one Kafka transaction: nothing can be sent.',
    fix: 'Upgrade the brokers, or ask whoever runs this Kafka-compatible service for transactions.',
  }
}

function unverified(is: string, fix: string): Finding {
  return {
    severity: 'risk',
    is,
    why:
      'A record that arrives after its transaction was aborted opens one that nobody ends: read_committed consumers of its ' +
      'partition wait behind it for ever.',
    fix,
  }
}
