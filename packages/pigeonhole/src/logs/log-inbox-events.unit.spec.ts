import { Emitter, type InboxEvents } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { logInboxEvents } from './log-inbox-events.js'
import { type Line, recordingLogger } from './recording-logger.fake.js'

const place = { inbox: 'billing', topic: 'orders', partition: 1, offset: 7n }
const told = { ...place, offset: '7' }
const error = new RangeError('quotes the message')

function logged<K extends keyof InboxEvents>(name: K, data: InboxEvents[K]): readonly Line[] {
  const { logger, lines } = recordingLogger()
  const events = new Emitter<InboxEvents>('inbox')
  logInboxEvents(events, logger)
  events.emit(name, data)
  return lines
}

describe('logInboxEvents', () => {
  it.each([
    [
      'message:handled',
      { ...place, idMissing: true, durationMs: 3 },
      'debug',
      { idMissing: true, durationMs: 3 },
    ],
    ['message:deduplicated', { ...place, by: 'id' }, 'debug', { by: 'id' }],
    ['message:retried', { ...place, attempt: 2, error }, 'debug', { attempt: 2, code: 'RangeError' }],
    ['message:failed', { ...place, error }, 'warn', { code: 'RangeError' }],
    [
      'message:parked',
      { ...place, because: 'failed', attempts: 3, error },
      'error',
      { attempts: 3, code: 'RangeError' },
    ],
    ['message:parked', { ...place, because: 'key', attempts: 0, error }, 'debug', {}],
    ['message:unparked', place, 'info', {}],
  ] as const)('writes a line for %s: where, and no words of a handler', (name, data, level, more) => {
    expect(logged(name, data)).toEqual([{ level, fields: { ...told, ...more } }])
  })

  it('writes a line for a key that is free again', () => {
    const data = { inbox: 'billing', topic: 'orders' }
    expect(logged('key:unblocked', data)).toEqual([{ level: 'info', fields: data }])
  })
})
