import { PigeonholeError } from '@pigeonhole/core'
import type { Consumer, Kafka } from 'kafkajs'
import {
  type BrokerPrototype,
  brokerPrototypeOf,
  copyOf,
  ownBrokerPrototype,
  ownCopy,
  supportedVersion,
  unsupported,
} from '../kafkajs-copy.js'
import { markAborted } from './mark-aborted.js'

// Registered, so that two copies of this package correct one copy of kafkajs once.
const corrected = Symbol.for('pigeonhole.kafkajs.read-committed')

type Correctable = BrokerPrototype & { [corrected]?: BrokerPrototype['fetch'] }

const correctedCopies = new WeakSet<object>()

/**
 * Makes every consumer of a copy of kafkajs 2.2.4 deliver committed records only, which it does not by itself: those
 * created before the call too. Consumers with `readUncommitted: true` are not touched. Harmless when called twice.
 *
 * Without an argument it corrects the copy of kafkajs that this package resolves. With `kafka` it also corrects the copy
 * which that comes from, where a process has several.
 * @throws KAFKAJS_UNSUPPORTED when a copy is not of the version whose internals are known.
 */
export function correctReadCommitted(kafka?: Kafka): void {
  const own = ownBrokerPrototype() as Correctable
  correct(own)
  if (!kafka) return
  const its = brokerPrototypeOf(kafka) as Correctable
  // A copy tells no version: that its code is the known one's is as good.
  if (its !== own && String(its[corrected] ?? its.fetch) !== String(own[corrected]))
    throw unsupported('another version')
  correct(its)
  correctedCopies.add(copyOf(kafka))
}

/**
 * Makes sure that `consumer` comes from a corrected copy of kafkajs: its own, or one that a Kafka instance was given for.
 * @throws KAFKAJS_UNSUPPORTED
 */
export function assertReadCommitted(consumer: Consumer): void {
  correctReadCommitted()
  const copy = copyOf(consumer)
  if (copy === ownCopy() || correctedCopies.has(copy)) return
  throw new PigeonholeError('KAFKAJS_UNSUPPORTED', {
    message:
      'The consumer comes from another copy of kafkajs than Pigeonhole uses, whose read_committed would deliver aborted ' +
      'records. Call correctReadCommitted(kafka) with its Kafka instance first, or install one copy: npm dedupe kafkajs',
    details: { found: 'another copy', needed: supportedVersion },
  })
}

function correct(broker: Correctable): void {
  if (broker[corrected]) return
  const original = broker.fetch
  broker[corrected] = original
  broker.fetch = async function (request) {
    const response = await original.call(this, request)
    for (const { partitions } of response.responses) partitions.forEach(markAborted)
    return response
  }
}
