import { describe, inject, it } from 'vitest'
import { killAndRecover } from './attacks.js'
import { genesisPoints } from './points.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('a relay loses, repeats, invents and reorders nothing', { timeout: 180_000 }, () => {
  it.each(genesisPoints)('when it is killed at $point ($occurrence) of its genesis', (point) =>
    killAndRecover(servers, point),
  )
})
