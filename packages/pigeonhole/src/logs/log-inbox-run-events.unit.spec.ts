import { Emitter, PigeonholeError } from '@pigeonhole/core'
import type { InboxRunEvents } from '@pigeonhole/kafkajs'
import { describe, expect, it } from 'vitest'
import { logInboxRunEvents } from './log-inbox-run-events.js'
import { recordingLogger } from './recording-logger.fake.js'

const place = { topic: 'orders', partition: 1 }
const error = new RangeError('quotes the message')
const broker = new PigeonholeError('BROKER_UNAVAILABLE', { message: 'Kafka is away', details: {} })
const away = { code: 'BROKER_UNAVAILABLE', error: 'Kafka is away' }
const retention = { topic: 'orders', idRetentionMs: 1, topicRetentionMs: 2 }

describe('logInboxRunEvents', () => {
  it.each([
    ['group:joined', { memberId: 'm', partitions: [place] }, 'info', { memberId: 'm', partitions: [place] }],
    [
      'partition:claimed',
      { ...place, nextOffset: 7n, soughtFrom: undefined },
      'info',
      { ...place, nextOffset: '7' },
    ],
    [
      'partition:careful',
      { ...place, offset: 7n, claims: 3, starts: 0 },
      'warn',
      { ...place, offset: '7', claims: 3, starts: 0 },
    ],
    ['partition:lost', { ...place, reason: error }, 'info', { ...place, code: 'RangeError' }],
    [
      'partition:held',
      { ...place, offset: undefined, attempt: 1, delayMs: 1.4, error },
      'warn',
      { ...place, attempt: 1, delayMs: 1, code: 'RangeError' },
    ],
    [
      'partition:released',
      { ...place, offset: 7n, attempts: 2 },
      'info',
      { ...place, offset: '7', attempts: 2 },
    ],
    ['parked:delayed', { delayMs: 1.4, error }, 'warn', { delayMs: 1, code: 'RangeError' }],
    ['ids:forgotten', { count: 3 }, 'debug', { count: 3 }],
    ['ids:delayed', { delayMs: 1.4, error: broker }, 'warn', { delayMs: 1, ...away }],
    ['retention:short', { ...retention, error: broker }, 'warn', { ...retention, ...away }],
    ['retention:unknown', { error: broker }, 'warn', away],
    ['offsets:committed', { offsets: [{ ...place, offset: 7n }] }, 'debug', { partitions: 1 }],
    ['offsets:refused', { error: broker }, 'warn', away],
    ['consumer:crashed', { error: broker, restartMs: 5 }, 'error', { restartMs: 5, ...away }],
    ['readiness:changed', { ready: true, reason: undefined, message: undefined }, 'info', { ready: true }],
    [
      'readiness:changed',
      { ready: false, reason: 'JOINING', message: 'm' },
      'warn',
      { ready: false, reason: 'JOINING', error: 'm' },
    ],
  ] as const)('writes a line for %s', (name, data, level, fields) => {
    const { logger, lines } = recordingLogger()
    const events = new Emitter<InboxRunEvents>('run')
    logInboxRunEvents(events, logger)
    events.emit(name, data as never)
    expect(lines).toEqual([{ level, fields }])
  })
})
