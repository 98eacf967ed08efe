import { describe, inject, it } from 'vitest'
import { killAndRecover, pauseAndTakeOver } from './attacks.js'
import { batchPoints, deletePoints, pausePoints } from './points.js'
import { turns } from './turns.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('a relay loses, repeats, invents and reorders nothing', { timeout: 300_000 }, () => {
  // Each finds what the one before has left, and comes to a batch of its own.
  it.each(turns(batchPoints))('when it is killed at %s of a batch', (_, points) =>
    killAndRecover(servers, points),
  )
  it.each(turns(deletePoints))('when it is killed at %s of a deletion', (_, points) =>
    killAndRecover(servers, points),
  )
  it.each(pausePoints)('when it is paused at $point ($occurrence) and wakes up replaced', (point) =>
    pauseAndTakeOver(servers, point),
  )
})
