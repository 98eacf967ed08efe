import { Writable } from 'node:stream'
import { Emitter, type InboxEvents, type RelayEvents } from '@pigeonhole/core'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { logInboxEvents } from './log-inbox-events.js'
import { logRelayEvents } from './log-relay-events.js'

it("pino's loggers fit as they are, and their children", () => {
  const lines: object[] = []
  const stream = new Writable({
    write: (line, _, done) => {
      lines.push(JSON.parse(String(line)))
      done()
    },
  })
  const logger = pino({ level: 'trace', base: null, timestamp: false }, stream)
  const relay = new Emitter<RelayEvents>('relay')
  const inbox = new Emitter<InboxEvents>('inbox')
  logRelayEvents(relay, logger)
  logInboxEvents(inbox, logger.child({ service: 'billing' }))
  relay.emit('batch:published', { shard: 0, batch: 5, rows: 2, durationMs: 3 })
  inbox.emit('message:unparked', { inbox: 'i', topic: 't', partition: 0, offset: 2n ** 60n })
  expect(lines).toEqual([
    { level: 20, shard: 0, batch: 5, rows: 2, durationMs: 3, msg: 'batch published' },
    {
      level: 30,
      ...{ service: 'billing', inbox: 'i', topic: 't', partition: 0, offset: '1152921504606846976' },
      msg: 'parked message is done',
    },
  ])
})
