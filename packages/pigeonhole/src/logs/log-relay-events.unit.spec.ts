import { Emitter, PigeonholeError, type RelayEvents } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { logRelayEvents } from './log-relay-events.js'
import { type Line, recordingLogger } from './recording-logger.fake.js'

function logged<K extends keyof RelayEvents & string>(name: K, data: RelayEvents[K]): readonly Line[] {
  const { logger, lines } = recordingLogger()
  const events = new Emitter<RelayEvents>('relay')
  logRelayEvents(events, logger)
  events.emit(name, data)
  return lines
}

const cause = new Error('connect ECONNREFUSED')
const unavailable = new PigeonholeError('STORE_UNAVAILABLE', {
  message: 'PostgreSQL is not available',
  details: {},
  cause,
})
const lost = new PigeonholeError('RELAY_CHECKPOINT_LOST', {
  message: 'no checkpoint',
  details: { shard: 0, batch: 1 },
})

describe('logRelayEvents', () => {
  it.each([
    ['shard:changed', { shard: 0, state: 'standby', error: undefined }, 'info'],
    ['shard:changed', { shard: 0, state: 'waiting', error: unavailable }, 'info'],
    ['lease:taken', { shard: 0, stolen: true }, 'info'],
    ['lease:lost', { shard: 0 }, 'warn'],
    ['shard:opened', { shard: 0, batch: 4, genesis: false }, 'info'],
    ['batch:prepared', { shard: 0, batch: 5, rows: 2 }, 'debug'],
    ['batch:published', { shard: 0, batch: 5, rows: 2, durationMs: 3 }, 'debug'],
    ['partition:truncated', { shard: 0, partition: 2 }, 'debug'],
    ['cleaning:delayed', { shard: 0, held: [1], unsettled: [], error: undefined }, 'warn'],
    ['messages:parked', { shard: 0, rows: 2 }, 'debug'],
    ['messages:released', { shard: 0, rows: 2 }, 'info'],
    ['topic:paused', { shard: 0, topic: 't', delayMs: 500, error: unavailable }, 'warn'],
    ['topic:resumed', { shard: 0, topic: 't' }, 'info'],
    ['record:parked', { shard: 0, topic: 't', keyHash: 'h', messageId: 'm', error: unavailable }, 'error'],
  ] as const)('writes a line for %s %j: %s', (name, data, level) => {
    const { error: _, ...fields } = { error: undefined, ...data }
    expect(logged(name, data as never)).toEqual([
      { level, fields: expect.objectContaining({ shard: fields.shard }) },
    ])
  })

  it.each([
    [[0, 1], 'info'],
    [[0, 1, 2, 3], 'warn'],
  ])(
    'tells how many shards the outbox has, and warns where that is not what is configured: %j',
    (shards, level) => {
      const [line] = logged('map:read', { shards, configured: 2, first: true })
      expect(line).toMatchObject({ level, fields: { shards: shards.length, configured: 2 } })
    },
  )

  it('warns of a shard that waits, with what is behind it', () => {
    const [line] = logged('shard:reopening', { shard: 0, error: unavailable, attempt: 2, delayMs: 12.7 })
    expect(line).toEqual({
      level: 'warn',
      fields: {
        shard: 0,
        attempt: 2,
        delayMs: 13,
        code: 'STORE_UNAVAILABLE',
        error: 'PostgreSQL is not available',
        cause: 'connect ECONNREFUSED',
        remedy: 'see docs/errors.md#store_unavailable',
      },
    })
  })

  it('reports a halted shard with code, message and remedy', () => {
    const [line] = logged('shard:changed', { shard: 0, state: 'halted', error: lost })
    expect(line).toEqual({
      level: 'error',
      fields: {
        shard: 0,
        state: 'halted',
        code: 'RELAY_CHECKPOINT_LOST',
        error: 'no checkpoint',
        remedy: expect.stringMatching(
          /^restore the checkpoint topic.*docs\/errors\.md#relay_checkpoint_lost$/,
        ),
      },
    })
  })

  it.each([
    [new TypeError('a fault of ours'), { code: 'TypeError', error: 'a fault of ours' }],
    ['text', { code: 'UNKNOWN', error: 'text' }],
  ])('has words for %s, too', (error, fields) => {
    const [line] = logged('shard:reopening', { shard: 0, error, attempt: 1, delayMs: 1 })
    expect(line?.fields).toMatchObject({ ...fields, remedy: 'see docs/errors.md' })
  })
})
