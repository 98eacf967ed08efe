import { Emitter, type MonitorEvents, type XidHolder } from '@pigeonhole/core'
import { expect, it } from 'vitest'
import { logMonitorEvents } from './log-monitor-events.js'
import { recordingLogger } from './recording-logger.fake.js'

const holder: XidHolder = {
  kind: 'prepared',
  pid: null,
  name: 'transfer',
  state: null,
  xid: '7',
  xids: 3,
  startedAt: '2026-01-01T00:00:00.000Z',
  queryStartedAt: null,
  ageSeconds: 99,
}

it('warns of a long transaction with all that is known of it, and says when it is over', () => {
  const { logger, lines } = recordingLogger()
  const events = new Emitter<MonitorEvents>('monitor')
  logMonitorEvents(events, logger)
  events.emit('outbox:measured', {
    shards: [],
    parking: { messages: 0, atLeast: false, pausedTopics: 0 },
    tables: [],
    xidHolder: holder,
  })
  events.emit('xid:held', holder)
  events.emit('xid:released', holder)
  events.emit('outbox:unmeasured', { error: new TypeError('gone') })
  expect(lines).toEqual([
    { level: 'warn', fields: holder },
    { level: 'info', fields: { kind: 'prepared', pid: null, name: 'transfer', xid: '7' } },
    { level: 'debug', fields: { code: 'TypeError', error: 'gone' } },
  ])
})
