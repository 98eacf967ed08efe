import type { Consumer, Kafka } from 'kafkajs'
import { type BrokerPool, poolPrototypeOf, type SeedBroker } from '../kafkajs-copy.js'
import { forgetSilence, isSilent, isTimeout, noteSilence } from './silent-brokers.js'

// Registered, so that two copies of this package change one copy of kafkajs once.
const passesOver = Symbol.for('pigeonhole.kafkajs.silent-brokers')

/**
 * Has all clients of the copy of kafkajs that `client` comes from find their cluster by the next of `brokers`, where one takes connections and
 * answers nothing, as a process does that stands still. kafkajs 2.2.4 goes on to the next one only when it cannot connect: it asks the
 * silent one at each attempt, and every new client begins with the first of `brokers`, so that nothing starts, or starts again, until that
 * one answers. Harmless when called twice.
 * @throws KAFKAJS_UNSUPPORTED
 */
export function passOverSilentBrokers(client: Kafka | Consumer): void {
  const prototype: BrokerPool & { [passesOver]?: true } = poolPrototypeOf(client)
  if (prototype[passesOver]) return
  prototype[passesOver] = true
  const { createSeedBroker, connect, refreshMetadata } = prototype
  prototype.createSeedBroker = async function () {
    await createSeedBroker.call(this)
    await passOver(this, createSeedBroker)
    if (this.seedBroker) tellSilence(this.seedBroker)
  }
  // After a crash, a consumer has the seed broker that it had before.
  prototype.connect = async function () {
    const { seedBroker } = this
    if (seedBroker && isSilent(addressOf(seedBroker)) && !this.hasConnectedBrokers())
      await this.createSeedBroker()
    await connect.call(this)
  }
  prototype.refreshMetadata = async function (topics) {
    try {
      await refreshMetadata.call(this, topics)
    } catch (error) {
      noteSilence(error)
      throw error
    }
  }
}

// Until one comes a second time: where all are silent, one is as good as another.
async function passOver(pool: BrokerPool, next: () => Promise<void>): Promise<void> {
  const passed = new Set<string>()
  for (let seed = pool.seedBroker; seed && isSilent(addressOf(seed)); seed = pool.seedBroker) {
    if (passed.has(addressOf(seed))) return
    passed.add(addressOf(seed))
    await next.call(pool)
  }
}

/** Has a connection that was made, on which the first request is not answered, count as one that was not made. */
function tellSilence(seed: SeedBroker): void {
  const connect = seed.connect
  seed.connect = async () => {
    try {
      await connect.call(seed)
    } catch (error) {
      if (isNoConnection(error)) forgetSilence()
      noteSilence(error)
      throw isTimeout(error) ? noConnection(error) : error
    }
  }
}

function addressOf({ connectionPool: { host, port } }: SeedBroker): string {
  return `${host}:${port}`
}

// By this name kafkajs knows that the next of `brokers` is to be tried.
const connectionErrorName = 'KafkaJSConnectionError'

function isNoConnection(error: unknown): boolean {
  return error instanceof Error && error.name === connectionErrorName
}

function noConnection(cause: Error): Error {
  return Object.assign(new Error(cause.message, { cause }), { name: connectionErrorName, retriable: true })
}
