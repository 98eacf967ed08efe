import { describe, expect, it } from 'vitest'
import type { ErrorDetails } from '../../errors/error-codes.js'
import { PigeonholeError } from '../../errors/pigeonhole-error.js'
import { Emitter } from '../../events/emitter.js'
import { CallScript } from '../../ports/call-script.fake.js'
import { ManualClock, settle } from '../../ports/manual-clock.fake.js'
import type { CapturedRow } from '../../ports/relay-store.js'
import type { RelayEvents } from '../relay-events.js'
import { resolveRelayOptions } from '../relay-options.js'
import { ScriptedPublisher } from '../scripted-publisher.fake.js'
import { ScriptedRelayStore } from '../scripted-relay-store.fake.js'
import { Shard } from '../shard.js'
import { blame } from './fault.js'

function coded<C extends keyof ErrorDetails>(code: C, details: ErrorDetails[C]): PigeonholeError {
  return new PigeonholeError(code, { message: code, details })
}

const refusal = coded('RECORD_REFUSED', { topic: 'orders', keyHash: 'hash', reason: 'large' })
const missing = coded('TOPIC_MISSING', { topic: 'gone' })
const key = (name: string): Pick<CapturedRow, 'key'> => ({ key: Buffer.from(name) })

function runShard({ batchRows = 4 } = {}) {
  const script = new CallScript()
  const store = new ScriptedRelayStore(script)
  const publisher = new ScriptedPublisher(script)
  const clock = new ManualClock()
  const events = new Emitter<RelayEvents>('relay')
  const shard = new Shard(
    0,
    resolveRelayOptions({ name: 'orders', store, publisher, clock, batchRows }),
    events,
  )
  const told: string[] = []
  const names = [
    'record:parked',
    'messages:parked',
    'messages:released',
    'topic:paused',
    'topic:resumed',
  ] as const
  for (const name of names)
    events.on(name, (data) => told.push(`${name} ${'rows' in data ? data.rows : data.topic}`))
  const reading = new AbortController()
  const hard = new AbortController()
  const running = (): Promise<void> => shard.run({ reading: reading.signal, hard: hard.signal })
  const stop = async (run: Promise<void>): Promise<void> => {
    reading.abort()
    await run
  }
  return { script, store, publisher, clock, events, shard, told, running, stop }
}

function sent({ publisher }: { readonly publisher: ScriptedPublisher }): string[] {
  return publisher.log.map(({ id }) => id)
}

describe('a parked key', () => {
  it('takes what follows on it out of the page, in the transaction of the intent, and lets others pass', async () => {
    const lab = runShard()
    for (const name of ['a', 'b', 'a', 'b']) lab.store.commit(key(name))
    lab.publisher.refuses = { id: 'id-1', error: refusal }
    const run = lab.running()
    await settle()
    expect(sent(lab)).toEqual(['id-2', 'id-4'])
    expect(lab.store.ids).toEqual(['id-1', 'id-3'])
    expect(lab.told).toEqual(['record:parked orders', 'messages:parked 1'])
    const page = lab.script.calls.lastIndexOf('parkBlocked 3')
    expect(lab.script.calls.slice(page - 2, page + 2)).toEqual([
      'guarded 0',
      'readPage',
      'parkBlocked 3',
      'insertBatch 1',
    ])
    await lab.stop(run)
  })

  it('moves the cursor by a batch without records where all of a page follows it', async () => {
    const lab = runShard({ batchRows: 2 })
    for (let i = 0; i < 3; i++) lab.store.commit(key('a'))
    lab.publisher.refuses = { id: 'id-1', error: refusal }
    const run = lab.running()
    await settle()
    expect(lab.store.ids).toEqual(['id-1', 'id-2', 'id-3'])
    expect(sent(lab)).toEqual([])
    expect(lab.publisher.checkpoint?.number).toBe(1)
    expect(lab.script.take('send').at(-1)).not.toBe('send 0')
    await lab.stop(run)
  })

  it('costs nothing where nothing is parked', async () => {
    const lab = runShard()
    for (let i = 0; i < 9; i++) lab.store.commit(key('a'))
    const run = lab.running()
    await lab.clock.advance(1_000)
    expect(lab.script.take('parkBlocked', 'lookAtParking', 'readReleases')).toEqual([])
    await lab.stop(run)
  })

  it('costs nothing any more once all is discarded', async () => {
    const lab = runShard()
    lab.store.commit(key('a'))
    lab.publisher.refuses = { id: 'id-1', error: refusal }
    const run = lab.running()
    await settle()
    lab.store.messages = []
    lab.store.keys.clear()
    lab.store.released.add('id-1')
    await lab.clock.advance(1_000)
    lab.script.take()
    lab.store.commit(key('a'))
    await lab.clock.advance(1_000)
    expect(lab.script.take('parkBlocked', 'lookAtParking')).toEqual([])
    expect(sent(lab)).toEqual(['id-2'])
    await lab.stop(run)
  })
})

describe('a retry', () => {
  async function parkThree(batchRows: number) {
    const lab = runShard({ batchRows })
    for (let i = 0; i < 3; i++) lab.store.commit(key('a'))
    lab.publisher.refuses = { id: 'id-1', error: refusal }
    const run = lab.running()
    await settle()
    await lab.clock.advance(500)
    lab.script.take()
    return { ...lab, run }
  }

  it('sends what is parked in its order, in batches behind what is confirmed, and takes each off before the next', async () => {
    const lab = await parkThree(2)
    lab.publisher.refuses = undefined
    lab.store.retry()
    await lab.clock.advance(500)
    expect(sent(lab)).toEqual(['id-1', 'id-2', 'id-3'])
    const order = lab.script.take('readReleases', 'insertBatch', 'send', 'commit', 'applyReleases')
    expect(order.slice(0, 8)).toEqual([
      'readReleases 2',
      'insertBatch 2',
      'send 2',
      'commit 2',
      'applyReleases p1,p2',
      'readReleases 2',
      'insertBatch 3',
      'send 1',
    ])
    await expect(lab.store.lookAtParking()).resolves.toEqual({ parked: false, due: false })
    expect(lab.told.filter((event) => event.startsWith('messages:released'))).toEqual([
      'messages:released 2',
      'messages:released 1',
    ])
    await lab.stop(lab.run)
  })

  it('reads no page until what is released is off the parked ones', async () => {
    const lab = await parkThree(4)
    lab.publisher.refuses = undefined
    lab.store.retry()
    const acknowledge = lab.script.hold('commit')
    await lab.clock.advance(500)
    lab.store.commit(key('a'))
    await lab.clock.advance(500)
    expect(lab.script.take('readPage')).toEqual([])
    acknowledge()
    await lab.clock.advance(500)
    expect(sent(lab)).toEqual(['id-1', 'id-2', 'id-3', 'id-4'])
    await lab.stop(lab.run)
  })

  it('reads nothing ahead of it, also when a batch is on its way', async () => {
    const lab = await parkThree(4)
    lab.publisher.refuses = undefined
    lab.store.commit(key('b'))
    lab.store.retry()
    const acknowledge = lab.script.hold('commit')
    await lab.clock.advance(500)
    lab.store.commit(key('b'))
    await lab.clock.advance(500)
    acknowledge()
    await lab.clock.advance(500)
    expect(sent(lab)).toEqual(['id-4', 'id-1', 'id-2', 'id-3', 'id-5'])
    const calls = lab.script.calls.filter((call) =>
      /^(readPage|readReleases|commit|applyReleases)/.test(call),
    )
    expect(calls.slice(0, 5)).toEqual([
      'readPage',
      'commit 2',
      'readReleases 4',
      'commit 3',
      'applyReleases p1,p2,p3',
    ])
    await lab.stop(lab.run)
  })

  it('that is refused again is divided, waits for an operator with the reason, and keeps the key blocked', async () => {
    const lab = await parkThree(4)
    lab.store.retry()
    await lab.clock.advance(500)
    expect(lab.script.take('send', 'refuseRelease')).toEqual([
      'send 3',
      'send 2',
      'send 1',
      'refuseRelease p1 RECORD_REFUSED',
    ])
    expect(lab.store.ids).toEqual(['id-1', 'id-2', 'id-3'])
    expect(lab.shard.state).toBe('publishing')
    await lab.stop(lab.run)
  })

  it('that Kafka has committed is taken off by the next opening', async () => {
    const lab = await parkThree(4)
    lab.publisher.refuses = undefined
    lab.store.retry()
    lab.script.failNext('applyReleases', new Error('gone'))
    await lab.clock.advance(1_000)
    expect(sent(lab)).toEqual(['id-1', 'id-2', 'id-3'])
    expect(lab.store.ids).toEqual([])
    await lab.stop(lab.run)
  })

  it('lets a page pass after a few batches', async () => {
    const lab = runShard({ batchRows: 1 })
    for (let i = 0; i < 7; i++) lab.store.commit(key('a'))
    lab.publisher.refuses = { id: 'id-1', error: refusal }
    const run = lab.running()
    await lab.clock.advance(500)
    lab.publisher.refuses = undefined
    lab.store.retry()
    const goOn = lab.script.hold('applyReleases')
    await lab.clock.advance(500)
    lab.store.commit(key('b'))
    goOn()
    await lab.clock.advance(1_000)
    expect(sent(lab).indexOf('id-8')).toBe(4)
    expect(sent(lab).filter((id) => id !== 'id-8')).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `id-${n}`))
    await lab.stop(run)
  })

  it('is not begun when the relay is told to stop', async () => {
    const lab = await parkThree(4)
    lab.store.retry()
    await lab.stop(lab.run)
    expect(lab.script.take('readReleases')).toEqual([])
  })
})

describe('a record that was refused', () => {
  it('is not parked where another relay has gone on meanwhile', async () => {
    const lab = runShard()
    lab.store.commit(key('a'))
    lab.publisher.refuses = { id: 'id-1', error: refusal }
    const reach = lab.script.enter.bind(lab.script)
    lab.script.enter = async (name, detail) => {
      await reach(name, detail)
      if (name !== 'readCheckpoint' || !lab.store.batches.some(({ number }) => number === 1)) return
      // The next opening finds that the batch is committed after all: another one sent it.
      const [batch] = lab.store.batches.filter(({ number }) => number === 1)
      lab.publisher.checkpoint = { number: 1, token: batch?.token ?? '' }
    }
    const run = lab.running()
    await settle()
    expect(lab.store.ids).toEqual([])
    expect(lab.told).toEqual([])
    await lab.stop(run)
  })
})

describe('a topic that takes nothing', () => {
  it('is paused: its messages are parked, others flow, and the shard does not wait', async () => {
    const lab = runShard()
    lab.store.commit({ topic: 'gone' })
    lab.store.commit()
    lab.publisher.refuses = { id: 'id-1', error: missing }
    const run = lab.running()
    await settle()
    expect(sent(lab)).toEqual(['id-2'])
    expect(lab.store.ids).toEqual(['id-1'])
    expect(lab.shard).toMatchObject({ state: 'publishing', error: undefined })
    expect(lab.told).toEqual(['topic:paused gone', 'messages:parked 1'])
    await lab.stop(run)
  })

  it('is tried again when its time has come, paused for longer, and goes on in order once it takes messages', async () => {
    const lab = runShard()
    lab.store.commit({ topic: 'gone' })
    lab.publisher.refuses = { id: 'id-1', error: missing }
    const run = lab.running()
    await settle()
    lab.store.retry()
    await lab.clock.advance(500)
    expect(lab.told.filter((event) => event === 'topic:paused gone')).toHaveLength(2)
    lab.publisher.refuses = undefined
    lab.store.commit({ topic: 'gone' })
    await lab.clock.advance(500)
    lab.store.retry()
    await lab.clock.advance(500)
    expect(sent(lab)).toEqual(['id-1', 'id-2'])
    expect(lab.told.at(-1)).toBe('topic:resumed gone')
    lab.store.commit({ topic: 'gone' })
    await lab.clock.advance(500)
    expect(sent(lab)).toEqual(['id-1', 'id-2', 'id-3'])
    await lab.stop(run)
  })

  it('is resumed by itself where its pause holds nothing', async () => {
    const lab = runShard()
    lab.store.commit({ topic: 'gone' })
    lab.publisher.refuses = { id: 'id-1', error: missing }
    const run = lab.running()
    await settle()
    lab.store.messages = []
    lab.store.released.add('id-1')
    lab.store.retry()
    await lab.clock.advance(500)
    expect(lab.told.at(-1)).toBe('topic:resumed gone')
    await lab.stop(run)
  })
})

describe('blame', () => {
  const rowOf = (topic: string): CapturedRow => ({
    seq: '1',
    id: topic,
    topic,
    key: null,
    partition: null,
    bucket: 0,
    headers: [],
    payload: null,
  })
  const batch = { number: 1, token: 't', parent: 'p', cursor: { from: '1:1:', until: null, lastSeq: '0' } }
  const of = (error: unknown, ...topics: string[]) => blame(error, { batch, rows: topics.map(rowOf) })
  const denied = (resource?: string) =>
    coded('BROKER_ACCESS_DENIED', resource === undefined ? {} : { resource })

  it('is on a record that is alone, and divides others', () => {
    expect(of(refusal, 'a')).toMatchObject({ kind: 'record', row: { id: 'a' } })
    expect(of(refusal, 'a', 'b')).toBe('divide')
  })

  it('is on the one topic that is named, and divides where it is one of several', () => {
    expect(of(missing, 'a', 'gone')).toMatchObject({ kind: 'topic', topic: 'gone' })
    expect(of(denied('a'), 'a', 'b')).toMatchObject({ kind: 'topic', topic: 'a' })
    expect(of(denied('a, b'), 'a', 'b')).toBe('divide')
  })

  it('is on no message for what is the relay’s own', () => {
    expect(of(denied('pigeonhole.relay.x'), 'a')).toBeUndefined()
    expect(of(denied(), 'a')).toBeUndefined()
    expect(of(missing, 'a')).toBeUndefined()
    expect(of(new Error('bug'), 'a')).toBeUndefined()
    expect(of(refusal)).toBeUndefined()
  })

  it('is on the size where nothing else is to blame', () => {
    expect(of(coded('BROKER_UNAVAILABLE', {}), 'a')).toBe('slow')
    expect(of(coded('PRODUCER_FENCED', { shard: 0 }), 'a')).toBe('slow')
  })
})
