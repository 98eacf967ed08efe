import { describe, expect, inject, it } from 'vitest'
import { ParkingLab } from './parking-lab.js'
import {
  discardPoints,
  type Point,
  parkingPoints,
  refusalPoints,
  releasePoints,
  retryPoints,
  topicPoints,
} from './points.js'
import type { RelayProcess } from './relay-process-handle.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

/** Holds a process to having killed itself at its point. */
async function killed(victim: RelayProcess): Promise<void> {
  await victim.reached()
  expect(await victim.exited).toEqual({ code: null, signal: 'SIGKILL' })
}

/** Sends what is parked again, once the broker takes it, and compares everything. */
async function retryAndSettle(parking: ParkingLab, relay: RelayProcess): Promise<void> {
  const writers = parking.lab.startWriters()
  await parking.takeLargeRecords()
  await parking.store.retryParked({})
  await relay.event('messages:released')
  await parking.nothingParked()
  await parking.settle(writers, relay)
  await parking.keptEveryByte()
}

/** A relay is killed while it parks a record; another one parks it, and sends it when it is asked to. */
async function killWhileParking(point: Point): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  const writers = parking.lab.startWriters()
  await killed(parking.lab.startRelay({ fault: { ...point, signal: 'SIGKILL' } }))
  const relay = parking.lab.startRelay()
  await parking.seedsParked()
  await writers.stop()
  await relay.drain()
  await parking.holdsAllOfKey()
  await retryAndSettle(parking, relay)
}

/** Parks what is refused, and ends with no relay at work. */
async function park(parking: ParkingLab): Promise<void> {
  const writers = parking.lab.startWriters(2)
  const relay = parking.lab.startRelay()
  await parking.seedsParked()
  await writers.stop()
  await relay.drain()
  expect(await relay.stop()).toEqual({ code: 0, signal: null })
  await parking.holdsAllOfKey()
}

/** A relay is killed while it sends parked messages; another one goes on. */
async function killWhileReleasing(point: Point): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  await park(parking)
  await parking.takeLargeRecords()
  await parking.store.retryParked({})
  await killed(parking.lab.startRelay({ fault: { ...point, signal: 'SIGKILL' } }))
  const writers = parking.lab.startWriters()
  const relay = parking.lab.startRelay()
  await relay.event('batch:published')
  await parking.nothingParked()
  await parking.settle(writers, relay)
  await parking.keptEveryByte()
}

/** A relay is killed while parked messages are refused again; another one finds that out, once, and waits for an operator. */
async function killWhileRefused(point: Point): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  await park(parking)
  await parking.store.retryParked({})
  await killed(parking.lab.startRelay({ fault: { ...point, signal: 'SIGKILL' } }))
  const writers = parking.lab.startWriters(2)
  const relay = parking.lab.startRelay()
  await relay.event('batch:published')
  await parking.parked(([group]) => group?.attempts === 2 && group.retryAt === null)
  await writers.stop()
  await relay.drain()
  await parking.holdsAllOfKey(2)
  await retryAndSettle(parking, relay)
}

/** A relay is killed while it pauses a topic; another one goes on, and with the topic once it is there. */
async function killWhilePausing(point: Point): Promise<void> {
  await using parking = await ParkingLab.openWithoutTopic(servers)
  const writers = parking.lab.startWriters()
  await killed(parking.lab.startRelay({ fault: { ...point, signal: 'SIGKILL' } }))
  const relay = parking.lab.startRelay()
  await relay.event('messages:parked')
  await parking.createLateTopic()
  await relay.event('topic:resumed', { topic: parking.lateTopic })
  await parking.settle(writers, relay)
}

/** An operator's retry is killed; made again, everything is sent. */
async function killRetry(point: Point): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  await park(parking)
  await killed(parking.lab.startOperator('retryParked', { ...point, signal: 'SIGKILL' }))
  await retryAndSettle(parking, parking.lab.startRelay())
}

/** An operator's discarding is killed; made again, nothing of what is gone is ever sent. */
async function killDiscard(point: Point): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  await park(parking)
  const parked = await parking.store.listParkedMessages({}, 1_000)
  await killed(parking.lab.startOperator('discardParked', { ...point, signal: 'SIGKILL' }))
  await parking.store.discardParked({})
  await parking.forgetParked(parked.map(({ messageId }) => messageId))
  const writers = parking.lab.startWriters()
  const relay = parking.lab.startRelay()
  await relay.event('batch:published')
  await parking.settle(writers, relay)
}

/** Messages are discarded while a batch that holds them is on its way, and the relay that sends it is killed. */
async function discardInFlight(point: Point): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  await park(parking)
  await parking.takeLargeRecords()
  await parking.store.retryParked({})
  const first = parking.lab.startRelay({ fault: { ...point, signal: 'SIGSTOP' } })
  await first.reached()
  expect(await parking.store.discardParked({})).toMatchObject({ messages: 0, unblocked: 0 })
  first.signal('SIGKILL')
  await first.exited
  const writers = parking.lab.startWriters()
  const relay = parking.lab.startRelay()
  await relay.event('batch:published')
  await parking.nothingParked()
  await parking.settle(writers, relay)
  await parking.keptEveryByte()
}

describe('parking loses, repeats and reorders nothing, and keeps every byte', () => {
  it.each(parkingPoints)('when the relay is killed at $point ($occurrence) of it', killWhileParking)
  it.each(releasePoints)('when it is killed at $point ($occurrence) of a retry', killWhileReleasing)
  it.each(refusalPoints)(
    'when it is killed at $point ($occurrence) of a retry that is refused',
    killWhileRefused,
  )
  it.each(topicPoints)('when it is killed at $point ($occurrence) of a pause', killWhilePausing)
  it.each(retryPoints)('when an operator is killed at $point', killRetry)
  it.each(discardPoints)('when an operator is killed at $point', killDiscard)
  it.each([
    { point: 'producer.begin:before', occurrence: 1 },
    { point: 'producer.send:during', occurrence: 1 },
    { point: 'producer.commit:before', occurrence: 1 },
    { point: 'producer.commit:after', occurrence: 1 },
  ])('when what is sent again is discarded at $point of it, and the relay killed', discardInFlight)
})
