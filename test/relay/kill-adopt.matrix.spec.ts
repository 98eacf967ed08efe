import { describe, inject, it } from 'vitest'
import { killAndAdopt, killAndKeep } from './adopt-attacks.js'
import { adoptPoints, adoptShardsPoints, keepPoints } from './adopt-points.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('an adoption loses, repeats, invents and reorders nothing, and comes to the same', {
  timeout: 180_000,
}, () => {
  it.each(adoptPoints)('when it is killed at $point ($occurrence)', (point) =>
    killAndAdopt(servers, { point, shards: 1 }),
  )

  it.each(adoptShardsPoints)('when it is killed at $point ($occurrence) of three shards', (point) =>
    killAndAdopt(servers, { point, shards: 3 }),
  )

  it.each(keepPoints)('when it keeps the cursor and is killed at $point ($occurrence)', (point) =>
    killAndKeep(servers, point),
  )
})
