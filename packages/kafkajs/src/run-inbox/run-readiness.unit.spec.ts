import { EventEmitter } from 'node:events'
import { Emitter, type InboxEvents, PigeonholeError } from '@pigeonhole/core'
import type { Consumer } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import type { FetchedBatch, Runner } from './kafkajs-runner.js'
import { ManualClock } from './manual-clock.fake.js'
import type { InboxRunEvents } from './run-inbox-events.js'
import { RunReadiness } from './run-readiness.js'

const gone = new PigeonholeError('STORE_UNAVAILABLE', { message: 'gone', details: {}, retryable: true })
const place = { topic: 'orders', partition: 3 }
const names = ['REQUEST', 'FETCH_START', 'FETCH', 'REBALANCING', 'STOP'] as const

/** A run that has joined its group, and what it hears. */
class Scene {
  readonly clock: ManualClock = new ManualClock()
  readonly events: Emitter<InboxRunEvents> = new Emitter('inbox-run')
  readonly inbox: Emitter<InboxEvents> = new Emitter('inbox')
  readonly consumer: EventEmitter = new EventEmitter()
  readonly told: unknown[] = []
  readonly readiness: RunReadiness
  readonly runner: Runner
  /** What the database answers. */
  answer: Promise<void> = Promise.resolve()

  constructor({ maxWaitTime = 5_000, heartbeatInterval = 3_000 } = {}) {
    const { clock, events } = this
    const inbox = { checkSchema: () => this.answer, on: this.inbox.on.bind(this.inbox) }
    this.readiness = new RunReadiness({ inbox, clock, events })
    this.readiness.listen({
      events: Object.fromEntries(names.map((name) => [name, name])),
      on: (name: string, listener: (event: { payload: unknown }) => void) => {
        this.consumer.on(name, (payload) => listener({ payload }))
        return () => undefined
      },
    } as unknown as Consumer)
    const consumerGroup = { maxWaitTime, groupId: 'billing', topicsSubscribed: ['orders', 'payments'] }
    const handleBatch = async (): Promise<void> => undefined
    this.runner = { heartbeatInterval, consumerGroup, handleBatch } as unknown as Runner
    this.readiness.follow(this.runner)
    events.on('readiness:changed', ({ ready, reason }) => this.told.push([ready, reason]))
    events.emit('group:joined', { memberId: 'me', partitions: [place] })
    this.readiness.start()
  }

  /** Lets time pass, in which the brokers answer, or do not. */
  async pass(ms: number, { heard = true } = {}): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) {
      if (heard) this.consumer.emit('REQUEST')
      await this.clock.advance(1_000)
    }
  }
}

describe('a consumer', () => {
  it('is ready while it is in its group and all answer', async () => {
    const scene = new Scene()
    await scene.pass(60_000)
    expect(scene.readiness.current).toEqual({ ready: true, held: [] })
    expect(scene.told).toEqual([[true, undefined]])
    scene.readiness.close()
  })

  it('is not while it joins, has crashed, or was stopped', () => {
    const { readiness, events, consumer } = new Scene()
    consumer.emit('REBALANCING')
    expect(readiness.current).toMatchObject({ ready: false, reason: 'JOINING' })
    events.emit('consumer:crashed', { error: new Error('no broker'), restartMs: 1 })
    expect(readiness.current).toMatchObject({ ready: false, reason: 'BROKER_UNAVAILABLE' })
    events.emit('group:joined', { memberId: 'me', partitions: [] })
    expect(readiness.current.ready).toBe(true)
    readiness.close()
    expect(readiness.current).toMatchObject({ ready: false, reason: 'STOPPED' })
  })

  it('is not after a crash until each topic that it is given has been read again', async () => {
    const { readiness, events, runner } = new Scene()
    const partitions = [place, { topic: 'payments', partition: 0 }]
    const read = (topic: string) => runner.handleBatch({ topic } as FetchedBatch)
    events.emit('consumer:crashed', { error: new Error('no broker'), restartMs: 1 })
    await read('orders')
    events.emit('group:joined', { memberId: 'me', partitions })
    await read('payments')
    expect(readiness.current).toMatchObject({ ready: false, reason: 'BROKER_UNAVAILABLE' })
    await read('orders')
    expect(readiness.current.ready).toBe(true)
    events.emit('group:joined', { memberId: 'me', partitions })
    expect(readiness.current.ready).toBe(true)
    readiness.close()
  })

  it.each([
    ['TOPIC_AUTHORIZATION_FAILED', 'orders, payments'],
    ['GROUP_AUTHORIZATION_FAILED', 'billing'],
  ])('names what it is not allowed: %s', (type, named) => {
    const { readiness, events } = new Scene()
    const error = Object.assign(new Error('Not authorized'), { type })
    events.emit('consumer:crashed', { error, restartMs: 1 })
    expect(readiness.current).toMatchObject({
      reason: 'BROKER_ACCESS_DENIED',
      message: expect.stringContaining(named),
    })
    readiness.close()
  })

  it('is not once no broker has answered for 10 s', async () => {
    const scene = new Scene()
    await scene.pass(9_000, { heard: false })
    expect(scene.readiness.current.ready).toBe(true)
    await scene.pass(1_000, { heard: false })
    expect(scene.readiness.current).toMatchObject({ ready: false, reason: 'BROKER_UNAVAILABLE' })
    expect(scene.told.at(-1)).toEqual([false, 'BROKER_UNAVAILABLE'])
    scene.readiness.close()
  })

  it('is not once one broker has answered no fetch for 10 s, although others answer', async () => {
    const scene = new Scene()
    scene.consumer.emit('FETCH_START', { nodeId: 1 })
    scene.consumer.emit('FETCH_START', { nodeId: 2 })
    scene.consumer.emit('FETCH', { nodeId: 1 })
    await scene.pass(10_000)
    expect(scene.readiness.current).toMatchObject({ ready: false, reason: 'BROKER_UNAVAILABLE' })
    scene.consumer.emit('FETCH', { nodeId: 2 })
    expect(scene.readiness.current.ready).toBe(true)
    scene.readiness.close()
  })

  it('waits for longer where kafkajs is told to', async () => {
    const scene = new Scene({ maxWaitTime: 20_000 })
    await scene.pass(24_000, { heard: false })
    expect(scene.readiness.current.ready).toBe(true)
    await scene.pass(1_000, { heard: false })
    expect(scene.readiness.current.ready).toBe(false)
    scene.readiness.close()
  })

  it('is not once its database says no, or nothing for 8 s', async () => {
    const scene = new Scene()
    scene.answer = Promise.reject(gone)
    scene.answer.catch(() => undefined)
    await scene.pass(5_000)
    expect(scene.readiness.current).toEqual({
      ready: false,
      reason: 'STORE_UNAVAILABLE',
      message: 'gone',
      held: [],
    })
    scene.answer = Promise.resolve()
    await scene.pass(5_000)
    expect(scene.readiness.current.ready).toBe(true)
    scene.answer = new Promise(() => undefined)
    await scene.pass(13_000)
    expect(scene.readiness.current).toMatchObject({ ready: false, reason: 'STORE_UNAVAILABLE' })
    scene.readiness.close()
  })

  it('has heard of its database where a message was handled meanwhile', async () => {
    const scene = new Scene()
    scene.answer = new Promise(() => undefined)
    await scene.pass(10_000)
    const handled = { inbox: 'billing', offset: 1n, idMissing: false, durationMs: 1, ...place }
    scene.inbox.emit('message:handled', handled)
    await scene.pass(7_000)
    expect(scene.readiness.current.ready).toBe(true)
    scene.readiness.close()
  })

  it('is not while a partition is held, unless a message is what holds it', () => {
    const { readiness, events } = new Scene()
    events.emit('partition:held', heldFor(new Error('handler')))
    expect(readiness.current).toEqual({ ready: true, held: [{ ...place, reason: 'UNKNOWN' }] })
    events.emit('partition:held', heldFor(gone))
    expect(readiness.current).toMatchObject({ ready: false, reason: 'STORE_UNAVAILABLE' })
    events.emit('partition:released', { ...place, offset: 1n, attempts: 1 })
    expect(readiness.current).toEqual({ ready: true, held: [] })
    readiness.close()
  })
})

function heldFor(error: unknown): InboxRunEvents['partition:held'] {
  return { ...place, offset: 1n, attempt: 1, delayMs: 1, error }
}
