import { describe, inject, it } from 'vitest'
import { killAndRecover } from './attacks.js'
import { genesisPoints } from './points.js'
import { turns } from './turns.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

/** A genesis that was agreed to is none for the next relay, and a topic is created once. */
const alone = /^(producer|publisher\.createCheckpointTopic)/

describe('a relay loses, repeats, invents and reorders nothing', { timeout: 300_000 }, () => {
  it.each(turns(genesisPoints, { alone }))('when it is killed at %s of its genesis', (_, points) =>
    killAndRecover(servers, points),
  )
})
