import { describe, inject, it } from 'vitest'
import { killAndAdopt, killAndKeep } from './adopt-attacks.js'
import { adoptPoints, adoptShardsPoints, keepPoints } from './adopt-points.js'
import { turns } from './turns.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

/** What an adoption has changed by then, the next one does not change again. */
const alone =
  /^(producer\.(begin|commit)|publisher\.createCheckpointTopic|store\.(guarded|releaseLease)|tx\.writeIdentity)/

describe('an adoption loses, repeats, invents and reorders nothing, and comes to the same', {
  timeout: 300_000,
}, () => {
  it.each(turns(adoptPoints, { alone }))('when it is killed at %s', (_, points) =>
    killAndAdopt(servers, { points, shards: 1 }),
  )

  it.each(turns(adoptShardsPoints, { most: 1 }))('when it is killed at %s of three shards', (_, points) =>
    killAndAdopt(servers, { points, shards: 3 }),
  )

  it.each(turns(keepPoints, { alone }))('when it keeps the cursor and is killed at %s', (_, points) =>
    killAndKeep(servers, points),
  )
})
