import { describe, inject, it } from 'vitest'
import { killWhileReopening } from './attacks.js'
import { reopeningPoints } from './points.js'
import { turns } from './turns.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('a relay loses, repeats, invents and reorders nothing', { timeout: 300_000 }, () => {
  it.each(turns(reopeningPoints, { most: 4 }))('when it is killed at %s of an opening', (_, points) =>
    killWhileReopening(servers, points),
  )
})
