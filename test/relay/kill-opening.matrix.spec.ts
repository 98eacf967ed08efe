import { describe, inject, it } from 'vitest'
import { killWhileReopening } from './attacks.js'
import { reopeningPoints } from './points.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('a relay loses, repeats, invents and reorders nothing', { timeout: 180_000 }, () => {
  it.each(reopeningPoints)('when it is killed at $point ($occurrence) of an opening', (point) =>
    killWhileReopening(servers, point),
  )
})
