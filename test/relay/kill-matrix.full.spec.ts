import { describe, inject, it } from 'vitest'
import { killAndRecover, killWhileReopening, pauseAndTakeOver } from './attacks.js'
import { batchPoints, deletePoints, genesisPoints, pausePoints, reopeningPoints } from './points.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe.concurrent('a relay loses, repeats, invents and reorders nothing', () => {
  it.each(genesisPoints)('when it is killed at $point ($occurrence) of its genesis', (point) => killAndRecover(servers, point))
  it.each(reopeningPoints)('when it is killed at $point ($occurrence) of an opening', (point) => killWhileReopening(servers, point))
  it.each(batchPoints)('when it is killed at $point ($occurrence) of a batch', (point) => killAndRecover(servers, point))
  it.each(deletePoints)('when it is killed at $point ($occurrence) of a deletion', (point) => killAndRecover(servers, point))
  it.each(pausePoints)('when it is paused at $point ($occurrence) and wakes up replaced', (point) => pauseAndTakeOver(servers, point))
})
