import { describe, expect, it } from 'vitest'
import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { Emitter } from '../events/emitter.js'
import { CallScript } from '../ports/call-script.fake.js'
import { ManualClock, settle } from '../ports/manual-clock.fake.js'
import { reclaimOutbox } from './reclaim-outbox.js'
import type { RelayEvents } from './relay-events.js'
import { ScriptedRelayStore } from './scripted-relay-store.fake.js'

function openCleaning({ shard = 0 } = {}) {
  const script = new CallScript()
  const store = new ScriptedRelayStore(script)
  const clock = new ManualClock()
  const events = new Emitter<RelayEvents>('relay')
  store.lease = { ...store.lease, token: 'mine' }
  const over = new AbortController()
  const told: unknown[] = []
  for (const name of ['partition:truncated', 'cleaning:delayed'] as const)
    events.on(name, (data) => told.push({ name, ...data }))
  const options = { store, clock, retentionMs: 7 }
  const running = reclaimOutbox({ options, open: { shard, token: 'mine' }, events }, over.signal)
  const end = async (): Promise<void> => {
    over.abort()
    await running
  }
  const publish = (): void => events.emit('batch:published', { shard: 0, batch: 1, rows: 1, durationMs: 1 })
  const turns = async (ms: number): Promise<number> => {
    script.take()
    await clock.advance(ms)
    await settle()
    return script.take('reclaim').length
  }
  return { script, store, clock, told, publish, turns, end }
}

describe('cleaning the outbox', () => {
  it('tells of each partition that was emptied, and keeps to the retention', async () => {
    const { store, clock, script, told, end } = openCleaning()
    store.reclaimed = { truncated: [1, 3], held: [], unsettled: [], turned: false }
    await clock.advance(1_000)
    await settle()
    expect(script.take('reclaim')).toEqual(['reclaim 7'])
    expect(told).toEqual([
      { name: 'partition:truncated', shard: 0, partition: 1 },
      { name: 'partition:truncated', shard: 0, partition: 3 },
    ])
    await end()
  })

  it('tells the database nothing of what is confirmed: after a failover it knows less, and is right', async () => {
    const { store, turns, end } = openCleaning()
    await turns(1_000)
    expect(store.lease.confirmed).toBe(0)
    await end()
  })

  it('is done by the process that has shard 0 alone', async () => {
    const { turns, end } = openCleaning({ shard: 1 })
    expect(await turns(100_000)).toBe(0)
    await end()
  })

  it('is rare where nothing is published', async () => {
    const { turns, publish, end } = openCleaning()
    publish()
    expect(await turns(1_000)).toBe(1)
    expect(await turns(1_000)).toBe(1)
    expect(await turns(1_000)).toBe(0)
    expect(await turns(1_000)).toBe(1)
    await end()
  })

  it('goes on with the others while one partition is held, and becomes rare where nothing else is to be done', async () => {
    const { store, turns, publish, end } = openCleaning()
    const held = { truncated: [], held: [2], unsettled: [], turned: false }
    store.reclaimed = { ...held, turned: true }
    publish()
    expect(await turns(1_000)).toBe(1)
    expect(await turns(1_000)).toBe(1)
    store.reclaimed = { ...held, truncated: [1] }
    expect(await turns(1_000)).toBe(1)
    store.reclaimed = held
    publish()
    expect(await turns(1_000)).toBe(1)
    publish()
    expect(await turns(1_000)).toBe(0)
    expect(await turns(1_000)).toBe(1)
    await end()
  })

  it('tells once that something stands in the way, goes on, and tells again after it was gone', async () => {
    const { store, turns, told, publish, end } = openCleaning()
    const delayed = { name: 'cleaning:delayed', shard: 0, held: [2], unsettled: [], error: undefined }
    store.reclaimed = { truncated: [], held: [2], unsettled: [], turned: false }
    await turns(60_000)
    expect(told).toEqual([delayed])
    store.reclaimed = { truncated: [], held: [], unsettled: [], turned: false }
    await turns(60_000)
    store.reclaimed = { truncated: [], held: [2], unsettled: [], turned: false }
    publish()
    await turns(60_000)
    expect(told).toEqual([delayed, delayed])
    await end()
  })

  it('tells of shards without which nothing is emptied, and not of one that is only being opened', async () => {
    const { store, turns, told, end } = openCleaning()
    const reclaimed = { truncated: [], held: [], turned: false }
    store.reclaimed = { ...reclaimed, unsettled: [1] }
    await turns(1_000)
    store.reclaimed = { ...reclaimed, unsettled: [2] }
    await turns(60_000)
    expect(told).toEqual([{ name: 'cleaning:delayed', shard: 0, held: [], unsettled: [2], error: undefined }])
    await end()
  })

  it('tells of an error and tries again: what is sent does not depend on it', async () => {
    const { script, turns, told, end } = openCleaning()
    const denied = new PigeonholeError('STORE_ACCESS_DENIED', { message: 'no TRUNCATE', details: {} })
    script.failNext('reclaim', denied)
    expect(await turns(1_000)).toBe(1)
    expect(told).toEqual([{ name: 'cleaning:delayed', shard: 0, held: [], unsettled: [], error: denied }])
    expect(await turns(2_000)).toBe(1)
    await end()
  })

  it('is over with the lease: it is no failure that another process cleans now', async () => {
    const { store, turns, told, end } = openCleaning()
    store.lease = { ...store.lease, token: 'of another' }
    await turns(1_000)
    store.lease = { ...store.lease, token: 'mine' }
    expect(await turns(60_000)).toBe(0)
    expect(told).toEqual([])
    await end()
  })
})
