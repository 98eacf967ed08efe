import type { RawMessage } from '@pigeonhole/core'
import { checkExactlyOnce, type LogRecord, loggedMessage } from '@pigeonhole/testing'
import { describe, expect, inject, it } from 'vitest'
import { blockOf } from './connector-settings.js'
import { DebeziumLab } from './debezium-lab.js'

function oddMessages([topic = '', other = '']: readonly string[]): RawMessage[] {
  return [
    { topic, key: 'key-1', value: '{"text":"héllo"}' },
    { topic, key: 'key-1', value: '{"text":"again"}', headers: { tenant: 'é' } },
    { topic: other, key: Uint8Array.of(0, 255, 128, 7), value: Uint8Array.of(0, 1, 254, 255) },
    { topic, key: 'key-2', value: null },
    { topic, key: 'key-2', value: '' },
    { topic: other, key: 'key-3', value: 'placed', partition: 2 },
    {
      topic: other,
      key: 'key-4',
      value: 'many headers',
      headers: [
        ['id', 'of the user'],
        ['headers', 'of the user'],
        ['twice', 'one'],
        ['twice', 'two'],
        ['bytes', Uint8Array.of(255, 0, 254)],
      ],
    },
  ]
}

// What a consumer sees, without the place in the log.
function contentOf({ offset: _, ...record }: LogRecord): unknown {
  return record
}

function some(count: number, [topic = '', other = '']: readonly string[]): RawMessage[] {
  return Array.from({ length: count }, (_, i) => ({
    topic: i % 2 === 0 ? topic : other,
    key: `key-${i % 7}`,
    value: JSON.stringify({ i }),
    headers: { place: `${i}` },
  }))
}

const timeout = 500_000

describe("Debezium's outbox event router", { timeout }, () => {
  it('writes what the relay writes: key, value, headers, id, topic and partition', async () => {
    await using lab = await DebeziumLab.open(inject('kafkaBrokers'))
    await lab.startConnector()
    const messages = oddMessages(lab.topics)
    await lab.publish(messages)
    const byDebezium = await lab.caughtUp()
    expect(byDebezium).toHaveLength(messages.length)
    await lab.removeConnector()

    // The rows are still there, and no relay has read them.
    const relay = await lab.startRelay()
    await relay.drain()
    const byBoth = await lab.readLog()
    for (const topic of lab.topics) {
      for (const partition of [0, 1, 2]) {
        const here = (record: LogRecord): boolean => record.topic === topic && record.partition === partition
        const once = byDebezium.filter(here).map(contentOf)
        expect(byBoth.filter(here).map(contentOf)).toEqual([...once, ...once])
      }
    }
  })

  it('takes over from the relay and gives back to it, through kill -9, and each message is there once', async () => {
    await using lab = await DebeziumLab.open(inject('kafkaBrokers'))
    const relay = await lab.startRelay()
    await lab.publish(some(50, lab.topics))
    await relay.drain()
    await relay.stop()

    await lab.startConnector()
    for (let i = 0; i < 20; i++) await lab.publish(some(10, lab.topics))
    await lab.connect.kill()
    for (let i = 0; i < 20; i++) await lab.publish(some(10, lab.topics))
    await lab.connect.restart()
    await lab.caughtUp()
    await lab.removeConnector()
    await lab.pool.query(blockOf('sql', 'Back to the relay'))

    const again = await lab.startRelay()
    await lab.publish(some(50, lab.topics))
    await again.drain()
    const log = (await lab.readLog()).map((record) => loggedMessage(record))
    expect(log).toHaveLength(500)
    expect(checkExactlyOnce({ committed: lab.committed, log })).toMatchObject({ passed: true, faults: 0 })
  })
})
