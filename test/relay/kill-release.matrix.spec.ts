import { type DiscardedParking, isPigeonholeError } from '@pigeonhole/core'
import { describe, expect, inject, it } from 'vitest'
import { killRelaysInTurn } from './attacks.js'
import { ParkingLab } from './parking-lab.js'
import { type Point, releasePoints, topicPoints } from './points.js'
import { turns } from './turns.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

/** Relays are killed while they send parked messages; another one goes on. */
async function killWhileReleasing(points: readonly Point[]): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  await parking.park()
  await parking.takeLargeRecords()
  await parking.store.retryParked({})
  await killRelaysInTurn(parking.lab, points)
  const writers = parking.lab.startWriters()
  const relay = parking.lab.startRelay()
  await relay.event('batch:published')
  await parking.nothingParked()
  await parking.settle(writers, relay)
  await parking.keptEveryByte()
}

/** Relays are killed while they pause a topic; another one goes on, and with the topic once it is there. */
async function killWhilePausing(points: readonly Point[]): Promise<void> {
  await using parking = await ParkingLab.openWithoutTopic(servers)
  const writers = parking.lab.startWriters()
  await killRelaysInTurn(parking.lab, points)
  const relay = parking.lab.startRelay()
  await relay.event('messages:parked')
  await parking.createLateTopic()
  await relay.event('topic:resumed', { topic: parking.lateTopic })
  await parking.settle(writers, relay)
}

// A relay that was stopped in the middle of a renewal holds the shard's row until PostgreSQL ends its session.
function discardAll({ store }: ParkingLab): Promise<DiscardedParking> {
  return store.discardParked({}).catch((error: unknown) => {
    if (isPigeonholeError(error, 'STORE_UNAVAILABLE')) return store.discardParked({})
    throw error
  })
}

/**
 * Messages are discarded while a batch with the oldest of them is on its way, and the relay that sends it is killed. Those of
 * the batch stay, and are sent.
 */
async function discardInFlight(point: Point): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  await parking.park()
  await parking.takeLargeRecords()
  await parking.store.retryParked({})
  const first = parking.lab.startRelay({ fault: { ...point, signal: 'SIGSTOP' } })
  await first.reached()
  const held = await parking.parkedIds()
  const { unblocked, inFlight } = await discardAll(parking)
  const left = await parking.parkedIds()
  expect({ unblocked, inFlight }).toEqual({ unblocked: 0, inFlight: left.length })
  expect(left).toEqual(held.slice(0, left.length))
  expect(left.length).toBeGreaterThan(3)
  await parking.forget(held.slice(left.length))
  first.signal('SIGKILL')
  await first.exited
  const writers = parking.lab.startWriters()
  const relay = parking.lab.startRelay()
  await relay.event('batch:published')
  await parking.nothingParked()
  await parking.settle(writers, relay)
  await parking.keptEveryByte()
}

/** What Kafka may have, or what is agreed upon, the next relay does not begin again. */
const alone = /^producer\.commit:(during|after)$/

describe('sending what was parked loses, repeats and reorders nothing, and keeps every byte', {
  timeout: 300_000,
}, () => {
  it.each(turns(releasePoints, { alone }))('when the relay is killed at %s of it', (_, points) =>
    killWhileReleasing(points),
  )
  it.each(turns(topicPoints))('when it is killed at %s of a pause', (_, points) => killWhilePausing(points))
  it.each([
    { point: 'producer.begin:before', occurrence: 1 },
    { point: 'producer.send:during', occurrence: 1 },
    { point: 'producer.commit:before', occurrence: 1 },
    { point: 'producer.commit:after', occurrence: 1 },
  ])('when it is discarded at $point of it, and the relay killed', discardInFlight)
})
