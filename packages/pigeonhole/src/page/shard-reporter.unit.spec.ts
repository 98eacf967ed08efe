import { PigeonholeError, type Relay, type RelayEvents } from '@pigeonhole/core'
import type { ShardReport } from '@pigeonhole/postgres'
import { describe, expect, it } from 'vitest'
import { ShardReporter } from './shard-reporter.js'

function open() {
  const listeners = new Map<string, (data: never) => void>()
  const relay = { on: (name: string, listener: never) => listeners.set(name, listener) } as unknown as Pick<
    Relay,
    'on'
  >
  const emit = <Name extends keyof RelayEvents>(name: Name, data: RelayEvents[Name]) =>
    listeners.get(name)?.(data as never)
  const told: ShardReport[] = []
  const database = { isThere: true }
  const store = {
    reportShard: async (report: ShardReport) => {
      if (!database.isThere) throw new PigeonholeError('STORE_UNAVAILABLE', { message: 'gone', details: {} })
      told.push(report)
    },
  }
  const logger = { debug: () => undefined }
  const reporter = new ShardReporter({ relay, store, worker: 'host:7', logger })
  const send = (shard: number, rows: number) =>
    emit('batch:published', { shard, batch: 1, rows, durationMs: 1 })
  const fail = (shard: number, error: unknown) =>
    emit('shard:reopening', { shard, error, attempt: 1, delayMs: 1 })
  return { told, database, reporter, send, fail, emit }
}

const unavailable = new PigeonholeError('BROKER_UNAVAILABLE', { message: 'no broker', details: {} })

describe('a reporter of shards', () => {
  it('tells what was sent since it told the last time, and the last error', async () => {
    const { told, reporter, send, fail, emit } = open()
    send(0, 3)
    send(0, 4)
    send(1, 1)
    fail(1, new Error('password=hunter2'))
    emit('shard:changed', { shard: 1, state: 'waiting', error: unavailable })
    emit('shard:changed', { shard: 1, state: 'opening', error: undefined })
    await reporter.tell()
    await reporter.tell()
    expect(told).toEqual([
      { shard: 0, sent: 7, error: null },
      {
        shard: 1,
        sent: 1,
        error: { at: expect.any(String), worker: 'host:7', code: 'BROKER_UNAVAILABLE', message: 'no broker' },
      },
    ])
  })

  it('tells the texts of no errors but ours', async () => {
    const { told, reporter, fail } = open()
    fail(0, new Error('password=hunter2'))
    await reporter.tell()
    expect(told).toMatchObject([{ error: { code: 'UNKNOWN' } }])
    expect(JSON.stringify(told)).not.toContain('hunter2')
  })

  it('tells later what the database did not take, once', async () => {
    const { told, database, reporter, send, fail } = open()
    database.isThere = false
    fail(0, unavailable)
    send(0, 3)
    await reporter.tell()
    send(0, 4)
    database.isThere = true
    await Promise.all([reporter.tell(), reporter.tell()])
    expect(told).toMatchObject([{ shard: 0, sent: 7, error: { code: 'BROKER_UNAVAILABLE' } }])
  })

  it('tells the rest when it stops, and holds nobody up who stops without a database', async () => {
    const { told, database, reporter, send } = open()
    send(0, 3)
    await reporter.stop()
    expect(told).toHaveLength(1)
    database.isThere = false
    send(0, 3)
    await reporter.tell()
    database.isThere = true
    await reporter.stop()
    expect(told).toHaveLength(1)
  })
})
