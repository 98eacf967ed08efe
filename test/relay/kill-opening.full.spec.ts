import { describe, inject, it } from 'vitest'
import { killAndRecover, killWhileReopening } from './attacks.js'
import { genesisPoints, reopeningPoints } from './points.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('a relay loses, repeats, invents and reorders nothing', () => {
  it.each(genesisPoints)('when it is killed at $point ($occurrence) of its genesis', (point) =>
    killAndRecover(servers, point),
  )
  it.each(reopeningPoints)('when it is killed at $point ($occurrence) of an opening', (point) =>
    killWhileReopening(servers, point),
  )
})
