import { Emitter, type IdempotencyEvents } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { logIdempotencyEvents } from './log-idempotency-events.js'
import { recordingLogger } from './recording-logger.fake.js'

const operation = 'POST /orders'
const error = new RangeError('quotes the input')

describe('logIdempotencyEvents', () => {
  it.each([
    [
      'operation:answered',
      { operation, refused: false, durationMs: 3 },
      'debug',
      { refused: false, durationMs: 3 },
    ],
    ['operation:replayed', { operation }, 'debug', {}],
    ['key:rejected', { operation, because: 'running' }, 'debug', { because: 'running' }],
    ['key:rejected', { operation, because: 'reused' }, 'warn', { because: 'reused' }],
    ['operation:retried', { operation, attempt: 2, error }, 'debug', { attempt: 2, code: 'RangeError' }],
    ['operation:failed', { operation, error }, 'warn', { code: 'RangeError' }],
  ] as const)('writes a line for %s', (name, data, level, fields) => {
    const { logger, lines } = recordingLogger()
    const events = new Emitter<IdempotencyEvents>('idempotency')
    logIdempotencyEvents(events, logger)
    events.emit(name, data as never)
    expect(lines).toEqual([{ level, fields: { operation, ...fields } }])
  })
})
