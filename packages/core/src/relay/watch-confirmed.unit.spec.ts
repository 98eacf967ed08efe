import { describe, expect, it } from 'vitest'
import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { CallScript } from '../ports/call-script.fake.js'
import { ManualClock, settle } from '../ports/manual-clock.fake.js'
import { originCursor, type RelayBatch } from '../ports/relay-store.js'
import { ScriptedPublisher } from './scripted-publisher.fake.js'
import { ScriptedRelayStore } from './scripted-relay-store.fake.js'
import { watchConfirmed } from './watch-confirmed.js'

const renewMs = 2_000
const leaseMs = 10_000
const looks = ['hasBatch', 'isIntact']

function batch(number: number): RelayBatch {
  return { number, token: `t${number}`, parent: null, cursor: originCursor }
}

async function watch(shard = 0) {
  const script = new CallScript()
  const store = new ScriptedRelayStore(script)
  const publisher = new ScriptedPublisher(script)
  const clock = new ManualClock()
  const over = new AbortController()
  const known = { confirmed: batch(1) }
  store.batches = [batch(1)]
  store.recorded = { relay: 'orders', clusterId: 'cluster', systemIdentifier: 'system' }
  const open = { shard, producer: await publisher.fence('orders', 0) }
  const options = { store, clock, renewMs, leaseMs }
  const watching = watchConfirmed({ options, open, confirmed: () => known.confirmed }, over.signal)
  watching.catch(() => undefined)
  script.take()
  return { script, store, publisher, clock, over, known, watching }
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  await settle()
  const pending = Symbol('pending')
  return (await Promise.race([promise.catch(() => undefined), Promise.resolve(pending)])) === pending
}

describe('the last confirmed batch', () => {
  it('is looked for on both sides once nothing was sent for as long as a renewal takes', async () => {
    const { script, clock, over, watching } = await watch()
    await clock.advance(renewMs)
    expect(script.take(...looks)).toEqual(looks)
    await clock.advance(renewMs)
    expect(script.take(...looks)).toEqual(looks)
    over.abort()
    await watching
  })

  it('is not looked for while batches are sent: each finds its parent', async () => {
    const { script, clock, known, over, watching } = await watch()
    await clock.advance(renewMs / 2)
    known.confirmed = batch(2)
    await clock.advance(renewMs / 2)
    expect(script.take(...looks)).toEqual([])
    over.abort()
    await watching
  })

  it('that the database has lost ends the watch', async () => {
    const { store, clock, watching } = await watch()
    store.batches = []
    await clock.advance(renewMs)
    await expect(watching).rejects.toMatchObject({ code: 'INTENT_ORPHANED' })
  })

  it('that the log has lost ends the watch', async () => {
    const { publisher, clock, watching } = await watch()
    publisher.intact = false
    await clock.advance(renewMs)
    await expect(watching).rejects.toMatchObject({ code: 'CHECKPOINT_UNREADABLE' })
  })

  it('is not lost where a side does not answer, and is looked for again', async () => {
    const { script, store, clock, watching } = await watch()
    script.failNext('hasBatch', new Error('no answer'))
    script.failNext('isIntact', new Error('no answer'))
    script.failNext('readIdentity', new Error('no answer'))
    await clock.advance(renewMs)
    expect(script.take(...looks)).toEqual(looks)
    await clock.advance(renewMs)
    expect(script.take(...looks)).toEqual(looks)
    store.batches = []
    await clock.advance(renewMs)
    await expect(watching).rejects.toMatchObject({ code: 'INTENT_ORPHANED' })
  })

  it('is not lost where the next one was confirmed during the look', async () => {
    const { script, store, clock, known, over, watching } = await watch()
    const answer = script.hold('hasBatch')
    await clock.advance(renewMs)
    known.confirmed = batch(2)
    store.batches = [batch(2)]
    answer()
    await settle()
    over.abort()
    await expect(watching).resolves.toBeUndefined()
  })
})

describe('Kafka, while there is nothing to send', () => {
  const refused = new PigeonholeError('BROKER_ACCESS_DENIED', { message: 'no', details: {} })
  const many = Array.from({ length: 20 }, () => refused)

  it('that refuses each look for as long as the lease ends the watch, with what it says', async () => {
    const { script, clock, watching } = await watch()
    script.failNext('isIntact', ...many)
    await clock.advance(leaseMs - 1)
    expect(await isPending(watching)).toBe(true)
    await clock.advance(1)
    await expect(watching).rejects.toBe(refused)
  })

  it('that does not answer for as long as the lease ends the watch', async () => {
    const { script, clock, watching } = await watch()
    script.hold('isIntact')
    await clock.advance(leaseMs - 1)
    expect(await isPending(watching)).toBe(true)
    await clock.advance(1)
    await expect(watching).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
  })

  it('has answered where a look is, or a batch is confirmed', async () => {
    const { script, store, clock, known, over, watching } = await watch()
    store.batches = [batch(1), batch(2)]
    await clock.advance(renewMs)
    script.failNext('isIntact', ...many)
    await clock.advance(leaseMs - renewMs)
    known.confirmed = batch(2)
    await clock.advance(leaseMs)
    expect(await isPending(watching)).toBe(true)
    over.abort()
    await watching
  })
})

describe('whose outbox it is', () => {
  it('is looked for by the first shard, also while batches are sent, and ends the watch where it is lost', async () => {
    const { store, clock, known, watching } = await watch()
    await clock.advance(renewMs / 2)
    known.confirmed = batch(2)
    store.recorded = null
    await clock.advance(renewMs / 2)
    await expect(watching).rejects.toMatchObject({ code: 'IDENTITY_LOST' })
  })

  it('is not looked for by the others, which would wait for the first one', async () => {
    const { script, store, clock, over, watching } = await watch(1)
    store.recorded = null
    await clock.advance(renewMs)
    expect(script.take('readIdentity', ...looks)).toEqual(looks)
    over.abort()
    await watching
  })
})
