import { PigeonholeError, type RelayShardStatus, type ShardState } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { readinessOf } from './readiness.js'

function shard(state: ShardState, error?: unknown, number = 0): RelayShardStatus {
  return { shard: number, state, error }
}

const missing = new PigeonholeError('TOPIC_MISSING', { message: 'no such topic', details: { topic: 'a' } })
const lost = new PigeonholeError('RELAY_CHECKPOINT_LOST', {
  message: 'lost',
  details: { shard: 0, batch: 1 },
})

describe('readinessOf', () => {
  it.each(['publishing', 'standby'] as const)('is ready when its shard is %s', (state) => {
    expect(readinessOf([shard(state)])).toEqual({ ready: true, shards: [{ shard: 0, state }] })
  })

  it.each([
    ['opening', undefined, 'OPENING', undefined],
    ['opening', missing, 'TOPIC_MISSING', 'no such topic'],
    ['waiting', undefined, 'WAITING', undefined],
    ['waiting', missing, 'TOPIC_MISSING', 'no such topic'],
    ['waiting', new Error('with who knows what in it'), 'WAITING', undefined],
    ['halted', lost, 'RELAY_CHECKPOINT_LOST', 'lost'],
    ['stopped', undefined, 'STOPPED', undefined],
  ] as const)('is not when it is %s, and says why: %#', (state, error, reason, message) => {
    expect(readinessOf([shard(state, error)])).toEqual({
      ready: false,
      shards: [{ shard: 0, state }],
      reason,
      message,
    })
  })

  it('names the gravest of several', () => {
    const statuses = [
      shard('publishing'),
      shard('waiting', missing, 1),
      shard('halted', lost, 2),
      shard('standby', undefined, 3),
    ]
    expect(readinessOf(statuses)).toMatchObject({ ready: false, reason: 'RELAY_CHECKPOINT_LOST' })
  })
})
