import { adopt } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, inject, it } from 'vitest'
import { killedAt } from './attacks.js'
import { ParkingLab } from './parking-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

/** Sends what is parked again, once the broker takes it, and compares everything. */
async function retryAndSettle(parking: ParkingLab): Promise<void> {
  const writers = parking.lab.startWriters()
  const relay = parking.lab.startRelay()
  await parking.takeLargeRecords()
  await parking.store.retryParked({})
  await relay.event('messages:released')
  await parking.nothingParked()
  await parking.settle(writers, relay)
  await parking.keptEveryByte()
}

describe('dividing an outbox anew keeps what is parked in its place', { timeout: 180_000 }, () => {
  it('when the key of it changes hands, from four shards to one and to three', async () => {
    await using parking = await ParkingLab.openRefusing(servers)
    const writers = parking.lab.startWriters()
    const relay = parking.lab.startRelay({ shards: 4 })
    await parking.seedsParked()
    for (const shards of [1, 3]) await parking.lab.reshard(shards)
    await parking.lab.published(3)
    await writers.stop()
    await relay.drain()
    await parking.holdsAllOfKey()
    expect(await relay.stop()).toEqual({ code: 0, signal: null })
    await retryAndSettle(parking)
  })

  it.each([
    'producer.send:during',
    'producer.commit:during',
    'producer.commit:after',
    'tx.applyReleases:before',
  ])('when a batch of it is left undecided at %s', async (point) => {
    await using parking = await ParkingLab.openRefusing(servers)
    await parking.park()
    await parking.takeLargeRecords()
    await parking.store.retryParked({})
    await killedAt(parking.lab.startRelay({ fault: { point, occurrence: 1, signal: 'SIGKILL' } }))
    await parking.lab.reshard(4)
    const writers = parking.lab.startWriters()
    const relay = parking.lab.startRelay()
    await parking.lab.published(4)
    await parking.nothingParked()
    await parking.settle(writers, relay)
    await parking.keptEveryByte()
  })

  it('when a topic is paused, which goes on once it is there', async () => {
    await using parking = await ParkingLab.openWithoutTopic(servers)
    const writers = parking.lab.startWriters()
    const relay = parking.lab.startRelay({ shards: 2 })
    await relay.event('topic:paused')
    await parking.lab.reshard(3)
    await parking.lab.published(3)
    await parking.lab.reshard(1)
    await parking.lab.published(1)
    await parking.createLateTopic()
    await parking.store.retryParked({})
    await parking.nothingParked()
    await parking.settle(writers, relay)
  })

  it('when it meets what the broker refuses itself, and parks it', async () => {
    await using parking = await ParkingLab.openEmpty(servers)
    const before = parking.lab.startRelay()
    await before.event('shard:opened')
    expect(await before.stop()).toEqual({ code: 0, signal: null })
    await parking.seed()
    await parking.lab.reshard(4)
    await parking.holdsAllOfKey()
    await retryAndSettle(parking)
  })

  it('when it meets a topic that is missing, and pauses it', async () => {
    await using parking = await ParkingLab.openWithoutTopic(servers)
    const before = parking.lab.startRelay()
    await before.event('shard:opened')
    expect(await before.stop()).toEqual({ code: 0, signal: null })
    const writers = parking.lab.startWriters()
    await expect.poll(() => parking.lab.leftInOutbox(), { timeout: 60_000 }).toBeGreaterThan(50)
    await parking.lab.reshard(2)
    expect(await parking.store.listParking()).toMatchObject([{ kind: 'topic', topic: parking.lateTopic }])
    const relay = parking.lab.startRelay()
    await parking.lab.published(2)
    await parking.createLateTopic()
    await parking.store.retryParked({})
    await parking.nothingParked()
    await parking.settle(writers, relay)
  })
})

describe('an adoption', { timeout: 180_000 }, () => {
  interface Loss {
    readonly what: string
    readonly point: string
    readonly sent: boolean
  }

  const losses: readonly Loss[] = [
    { what: 'takes off what Kafka has committed of it', point: 'producer.commit:after', sent: true },
    { what: 'leaves what Kafka has not committed of it', point: 'producer.commit:before', sent: false },
  ]

  it.each(losses)(
    'finds in the log what a batch of parked messages came to: $what',
    async ({ point, sent }) => {
      await using parking = await ParkingLab.openRefusing(servers)
      await parking.park()
      const held = (await parking.store.listParkedMessages({}, 1_000)).length
      await parking.takeLargeRecords()
      await parking.store.retryParked({})
      await killedAt(parking.lab.startRelay({ fault: { point, occurrence: 1, signal: 'SIGKILL' } }))
      await parking.pool.query("UPDATE pigeonhole.relay_identity SET system_identifier = '1'")
      const { outcome, report } = await adopt({
        name: parking.lab.name,
        store: parking.store,
        publisher: kafkajsPublisher(
          new Kafka({ brokers: [...servers.kafkaBrokers], logLevel: logLevel.NOTHING }),
        ),
        confirm: () => true,
      })
      expect(outcome).toBe('adopted')
      // A batch of the relay under test has up to 20 messages.
      expect(report.shards[0]?.outbox).toMatchObject({ parkedLogged: sent ? Math.min(held, 20) : 0 })
      const writers = parking.lab.startWriters()
      const relay = parking.lab.startRelay()
      await relay.event('batch:published')
      await parking.nothingParked()
      await parking.settle(writers, relay)
      await parking.keptEveryByte()
    },
  )
})
