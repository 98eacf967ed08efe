import { describe, inject, it } from 'vitest'
import { killedAt } from './attacks.js'
import { ParkingLab } from './parking-lab.js'
import { discardPoints, type Point, parkingPoints, refusalPoints, retryPoints } from './points.js'
import type { RelayProcess } from './relay-process-handle.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

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
  await killedAt(parking.lab.startRelay({ fault: { ...point, signal: 'SIGKILL' } }))
  const relay = parking.lab.startRelay()
  await parking.seedsParked()
  await writers.stop()
  await relay.drain()
  await parking.holdsAllOfKey()
  await retryAndSettle(parking, relay)
}

/** A relay is killed while parked messages are refused again; another one finds that out, once, and waits for an operator. */
async function killWhileRefused(point: Point): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  await parking.park()
  await parking.store.retryParked({})
  await killedAt(parking.lab.startRelay({ fault: { ...point, signal: 'SIGKILL' } }))
  const writers = parking.lab.startWriters(2)
  const relay = parking.lab.startRelay()
  await relay.event('batch:published')
  await parking.parked(([group]) => group?.attempts === 2 && group.retryAt === null)
  await writers.stop()
  await relay.drain()
  await parking.holdsAllOfKey(2)
  await retryAndSettle(parking, relay)
}

/** An operator's retry is killed; made again, everything is sent. */
async function killRetry(point: Point): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  await parking.park()
  await killedAt(parking.lab.startOperator('retryParked', { ...point, signal: 'SIGKILL' }))
  await retryAndSettle(parking, parking.lab.startRelay())
}

/** An operator's discarding is killed; made again, nothing of what is gone is ever sent. */
async function killDiscard(point: Point): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  await parking.park()
  const parked = await parking.parkedIds()
  await killedAt(parking.lab.startOperator('discardParked', { ...point, signal: 'SIGKILL' }))
  await parking.store.discardParked({})
  await parking.forget(parked)
  const writers = parking.lab.startWriters()
  const relay = parking.lab.startRelay()
  await relay.event('batch:published')
  await parking.settle(writers, relay)
}

describe('parking loses, repeats and reorders nothing, and keeps every byte', { timeout: 180_000 }, () => {
  it.each(parkingPoints)('when the relay is killed at $point ($occurrence) of it', killWhileParking)
  it.each(refusalPoints)(
    'when it is killed at $point ($occurrence) of a retry that is refused',
    killWhileRefused,
  )
  it.each(retryPoints)('when an operator is killed at $point', killRetry)
  it.each(discardPoints)('when an operator is killed at $point', killDiscard)
})
