import { describe, inject, it } from 'vitest'
import { killInTurn, killRelaysInTurn } from './attacks.js'
import { ParkingLab } from './parking-lab.js'
import { discardPoints, type Point, parkingPoints, refusalPoints, retryPoints } from './points.js'
import type { RelayProcess } from './relay-process-handle.js'
import { turns } from './turns.js'

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

/** Relays are killed while they park a record; another one parks it, and sends it when it is asked to. */
async function killWhileParking(points: readonly Point[]): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  const writers = parking.lab.startWriters()
  await killRelaysInTurn(parking.lab, points)
  const relay = parking.lab.startRelay()
  await parking.seedsParked()
  await writers.stop()
  await relay.drain()
  await parking.holdsAllOfKey()
  await retryAndSettle(parking, relay)
}

/** Relays are killed while parked messages are refused again; another one finds that out, once, and waits for an operator. */
async function killWhileRefused(points: readonly Point[]): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  await parking.park()
  await parking.store.retryParked({})
  await killRelaysInTurn(parking.lab, points)
  const writers = parking.lab.startWriters(2)
  const relay = parking.lab.startRelay()
  await relay.event('batch:published')
  await parking.parked(([group]) => group?.attempts === 2 && group.retryAt === null)
  await writers.stop()
  await relay.drain()
  await parking.holdsAllOfKey(2)
  await retryAndSettle(parking, relay)
}

/** An operator's retries are killed; made again, everything is sent. */
async function killRetry(points: readonly Point[]): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  await parking.park()
  await killInTurn(points, (fault) => parking.lab.startOperator('retryParked', fault))
  await retryAndSettle(parking, parking.lab.startRelay())
}

/** An operator's discarding is killed; made again, nothing of what is gone is ever sent. */
async function killDiscard(points: readonly Point[]): Promise<void> {
  await using parking = await ParkingLab.openRefusing(servers)
  await parking.park()
  const parked = await parking.parkedIds()
  await killInTurn(points, (fault) => parking.lab.startOperator('discardParked', fault))
  await parking.store.discardParked({})
  await parking.forget(parked)
  const writers = parking.lab.startWriters()
  const relay = parking.lab.startRelay()
  await relay.event('batch:published')
  await parking.settle(writers, relay)
}

describe('parking loses, repeats and reorders nothing, and keeps every byte', { timeout: 300_000 }, () => {
  it.each(turns(parkingPoints))('when the relay is killed at %s of it', (_, points) =>
    killWhileParking(points),
  )
  it.each(turns(refusalPoints))('when it is killed at %s of a retry that is refused', (_, points) =>
    killWhileRefused(points),
  )
  // Asked for twice, a retry is the same.
  it.each(turns(retryPoints))('when an operator is killed at %s', (_, points) => killRetry(points))
  it.each(turns(discardPoints, { alone: /:(during|after)$/ }))(
    'when an operator is killed at %s',
    (_, points) => killDiscard(points),
  )
})
