import { describe, inject, it } from 'vitest'
import { killAndRecover, pauseAndTakeOver } from './attacks.js'
import { batchPoints, deletePoints, pausePoints } from './points.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('a relay loses, repeats, invents and reorders nothing', { timeout: 180_000 }, () => {
  it.each(batchPoints)('when it is killed at $point ($occurrence) of a batch', (point) =>
    killAndRecover(servers, point),
  )
  it.each(deletePoints)('when it is killed at $point ($occurrence) of a deletion', (point) =>
    killAndRecover(servers, point),
  )
  it.each(pausePoints)('when it is paused at $point ($occurrence) and wakes up replaced', (point) =>
    pauseAndTakeOver(servers, point),
  )
})
