import { describe, expect, it } from 'vitest'
import { faultsOf, formatFaults } from './status-faults.js'

const parking = { keys: 0, messages: 0, pausedTopics: [] }
const status = { identity: null, shards: [], pending: 0, oldestAgeSeconds: null, parking }
const paused = {
  shard: 0,
  topic: 'orders',
  errorCode: 'TOPIC_MISSING',
  error: '',
  attempts: 1,
  retryAt: '2026-11-26T12:00:00.000Z',
}

describe('the faults of a status', () => {
  it.each([
    [{}, []],
    [{ pending: 3, oldestAgeSeconds: 10 }, []],
    [{ pending: 3, oldestAgeSeconds: 10.1 }, ['late']],
    [{ parking: { ...parking, pausedTopics: [paused] } }, ['paused']],
    [{ parking: { ...parking, keys: 1 } }, ['parked']],
    [{ parking: { ...parking, messages: 1 } }, ['parked']],
  ])('of %j are %j', (over, faults) => {
    expect(faultsOf({ ...status, ...over })).toEqual(faults)
  })

  it('have a line for a message that waits for long', () => {
    expect(formatFaults(['late', 'parked'])).toContain('more than 10 s')
    expect(formatFaults(['paused', 'parked'])).toBe('')
  })
})
