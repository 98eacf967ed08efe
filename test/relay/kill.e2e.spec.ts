import { describe, inject, it } from 'vitest'
import { killAndRecover, killWhileReopening, pauseAndTakeOver } from './attacks.js'
import { intentGap } from './intent-gap.js'
import type { Point } from './points.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

// The boundaries where a wrong order would show. The kill specs of the full suite strike every named point.
const kills: readonly Point[] = [
  { point: 'store.guarded:committing', occurrence: 5 },
  { point: intentGap, occurrence: 1 },
  { point: 'producer.commit:during', occurrence: 4 },
  { point: 'tx.reclaim:committing', occurrence: 3 },
]

const reopenings: readonly Point[] = [
  { point: 'tx.deleteOtherBatches:after', occurrence: 1 },
  // Of its first batch.
  { point: intentGap, occurrence: 1 },
]

const pauses: readonly Point[] = [{ point: 'producer.commit:before', occurrence: 4 }]

describe('a relay loses, repeats, invents and reorders nothing', () => {
  it.each(kills)('when it is killed at $point', (point) => killAndRecover(servers, [point]))
  it.each(reopenings)('when its successor is killed at $point, too', (point) =>
    killWhileReopening(servers, [point]),
  )
  it.each(pauses)('when it is paused at $point and wakes up replaced', (point) =>
    pauseAndTakeOver(servers, point),
  )
})
