import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../errors/error-codes.js'
import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { Emitter } from '../events/emitter.js'
import { CallScript } from '../ports/call-script.fake.js'
import { ManualClock, settle } from '../ports/manual-clock.fake.js'
import type { RelayEvents } from './relay-events.js'
import { type RelayOptions, resolveRelayOptions } from './relay-options.js'
import { ScriptedPublisher } from './scripted-publisher.fake.js'
import { ScriptedRelayStore } from './scripted-relay-store.fake.js'
import { Shard } from './shard.js'

function coded(code: ErrorCode): PigeonholeError {
  return new PigeonholeError(code, { message: code, details: {} as never })
}

function runShard(over: Partial<RelayOptions> = {}) {
  const script = new CallScript()
  const store = new ScriptedRelayStore(script)
  const publisher = new ScriptedPublisher(script)
  const clock = new ManualClock()
  const events = new Emitter<RelayEvents>('relay')
  const shard = new Shard(
    0,
    resolveRelayOptions({ name: 'orders', store, publisher, clock, ...over }),
    events,
  )
  const states: string[] = []
  const log: { readonly name: string; readonly data: object }[] = []
  events.on('shard:changed', ({ state }) => states.push(state))
  for (const name of ['lease:taken', 'lease:lost', 'shard:opened', 'shard:reopening'] as const) {
    events.on(name, (data) => log.push({ name, data }))
  }
  const reading = new AbortController()
  const hard = new AbortController()
  const run = (): Promise<void> => shard.run({ reading: reading.signal, hard: hard.signal })
  return { script, store, publisher, clock, events, shard, states, log, reading, hard, run }
}

describe('the life of a shard', () => {
  it('goes from waiting over opening to publishing, and ends with the lease released and the producer closed', async () => {
    const { run, shard, states, log, script, store, reading } = runShard()
    expect(shard).toMatchObject({ state: 'stopped', leads: false })
    const running = run()
    await settle()
    expect(shard).toMatchObject({ state: 'publishing', error: undefined, leads: true })
    script.take()
    reading.abort()
    await running
    expect(states).toEqual(['waiting', 'opening', 'publishing', 'stopped'])
    expect(log).toEqual([
      { name: 'lease:taken', data: { shard: 0, stolen: false } },
      { name: 'shard:opened', data: { shard: 0, batch: 0, genesis: true } },
    ])
    expect(script.take('close', 'releaseLease')).toEqual(['close', 'releaseLease'])
    expect(store.lease.holder).toBeNull()
  })

  it('is a standby while another process holds the lease, and takes over once it stops renewing', async () => {
    const { run, shard, store, clock, reading } = runShard()
    store.lease = { ...store.lease, holder: 'other' }
    const running = run()
    await clock.advance(9_000)
    expect(shard).toMatchObject({ state: 'standby', leads: false })
    await clock.advance(2_000)
    expect(shard.state).toBe('publishing')
    reading.abort()
    await running
  })

  it('that is a standby ends without touching the lease', async () => {
    const { run, states, store, script, reading } = runShard()
    store.lease = { ...store.lease, holder: 'other' }
    const running = run()
    await settle()
    reading.abort()
    await running
    expect(states).toEqual(['waiting', 'standby', 'stopped'])
    expect(script.take('takeLease', 'releaseLease')).toEqual([])
  })

  it('finishes what is in flight when it is told to stop reading', async () => {
    const { run, store, script, publisher, reading } = runShard()
    store.commit()
    const acknowledge = script.hold('send')
    const running = run()
    await settle()
    reading.abort()
    await settle()
    acknowledge()
    await running
    expect(publisher.log).toEqual(store.rows)
  })

  it('ends at once when it is told to, whatever does not answer', async () => {
    const { run, store, script, shard, reading, hard } = runShard()
    store.commit()
    script.hold('send')
    const running = run()
    await settle()
    hard.abort(new Error('at once'))
    reading.abort()
    await running
    expect(shard.state).toBe('stopped')
    expect(script.take('close', 'releaseLease')).toEqual(expect.arrayContaining(['close', 'releaseLease']))
  })
})

describe('a shard that has to end at once while it takes its lease', () => {
  it.each(['readLease', 'takeLease'])('has given it up in the end, whenever %s is answered', async (call) => {
    const { run, script, store, reading, hard } = runShard()
    const answer = script.hold(call)
    const running = run()
    await settle()
    hard.abort(new Error('at once'))
    reading.abort()
    await running
    answer()
    await settle()
    expect(store.lease.holder).toBeNull()
  })
})

describe('a shard that is stolen', () => {
  async function steal(script: (run: ReturnType<typeof runShard>) => void = () => undefined) {
    const lab = runShard()
    lab.store.lease = { ...lab.store.lease, holder: 'other' }
    script(lab)
    const running = lab.run()
    await settle()
    lab.shard.stealFrom('other')
    await settle()
    await settle()
    return { ...lab, running }
  }

  it('is led at once, and told of', async () => {
    const { shard, log, reading, running } = await steal()
    expect(shard).toMatchObject({ state: 'publishing', leads: true, hasSent: false })
    expect(log[0]).toEqual({ name: 'lease:taken', data: { shard: 0, stolen: true } })
    reading.abort()
    await running
  })

  it('is given back where it cannot be opened, with time for two looks of those who had it', async () => {
    const { shard, store, clock, log, reading, running } = await steal(({ script }) =>
      script.failNext('fence', coded('BROKER_ACCESS_DENIED')),
    )
    expect(shard).toMatchObject({ state: 'waiting', leads: false, error: { code: 'BROKER_ACCESS_DENIED' } })
    expect(store.lease.holder).toBeNull()
    expect(log.at(-1)).toMatchObject({ name: 'shard:reopening', data: { delayMs: 2_000 } })
    await clock.advance(1_999)
    expect(store.lease.holder).toBeNull()
    await clock.advance(1)
    expect(shard).toMatchObject({ state: 'publishing', leads: true })
    reading.abort()
    await running
  })

  it('is kept through a fault once it was opened', async () => {
    const { shard, store, script, clock, reading, running } = await steal()
    store.commit()
    script.failNext('send', coded('BROKER_UNAVAILABLE'))
    shard.wake()
    await settle()
    expect(shard).toMatchObject({ state: 'waiting', leads: true })
    await clock.advance(200)
    expect(shard).toMatchObject({ state: 'publishing', leads: true, hasSent: true })
    reading.abort()
    await running
  })
})

describe('a divergence', () => {
  const divergences = [
    'RELAY_IDENTITY_CHANGED',
    'RELAY_XID_AHEAD',
    'RELAY_CHECKPOINT_LOST',
    'RELAY_KAFKA_WENT_BACK',
    'RELAY_DATABASE_WENT_BACK',
    'KAFKAJS_UNSUPPORTED',
  ] as const

  it.each(divergences)('%s halts the shard: it neither tries again nor keeps the lease', async (code) => {
    const { run, shard, script, store, states, clock } = runShard()
    const error = coded(code)
    script.failNext('readFacts', error)
    await run()
    expect(shard).toMatchObject({ state: 'halted', error, leads: false })
    expect(states).toEqual(['waiting', 'opening', 'halted'])
    expect(store.lease.holder).toBeNull()
    script.take()
    await clock.advance(60_000)
    expect(script.calls).toEqual([])
  })
})

describe('a fault', () => {
  const faults = [
    'STORE_UNAVAILABLE',
    'STORE_ACCESS_DENIED',
    'SCHEMA_MISSING',
    'SCHEMA_OUTDATED',
    'STORE_STANDBY',
    'BROKER_UNAVAILABLE',
    'BROKER_ACCESS_DENIED',
    'CHECKPOINT_TOPIC_INVALID',
    'CHECKPOINT_UNREADABLE',
    'PRODUCER_FENCED',
    'TOPIC_MISSING',
  ] as const

  it.each(faults)('%s makes the shard wait, visibly, and open again', async (code) => {
    const { run, shard, script, log, clock, reading } = runShard()
    const error = coded(code)
    script.failNext('readFacts', error)
    const running = run()
    await settle()
    expect(shard).toMatchObject({ state: 'waiting', error, leads: true })
    expect(log.at(-1)).toEqual({
      name: 'shard:reopening',
      data: { shard: 0, error, attempt: 1, delayMs: expect.any(Number) },
    })
    await clock.advance(100)
    expect(shard).toMatchObject({ state: 'publishing', error: undefined })
    reading.abort()
    await running
  })

  it('that lasts for as long as a lease gives the shard back, with time for two looks of a standby', async () => {
    const { run, shard, script, store, clock, log, reading } = runShard({
      backoff: { initialMs: 500, maxMs: 500 },
    })
    script.failNext('fence', ...Array.from({ length: 60 }, () => coded('BROKER_UNAVAILABLE')))
    const began = clock.now()
    const running = run()
    await settle()
    while (shard.leads) await clock.advance(1)
    expect(clock.now() - began).toBeGreaterThanOrEqual(10_000)
    expect(clock.now() - began).toBeLessThanOrEqual(10_500)
    expect(shard).toMatchObject({ state: 'waiting', error: { code: 'BROKER_UNAVAILABLE' } })
    expect(store.lease.holder).toBeNull()
    const taken = () => log.filter(({ name }) => name === 'lease:taken').length
    await clock.advance(1_999)
    expect([store.lease.holder, taken()]).toEqual([null, 1])
    await clock.advance(1)
    expect(taken()).toBe(2)
    reading.abort()
    await running
  })

  it('that comes back after the shard was open begins anew', async () => {
    const { run, shard, script, store, clock, reading } = runShard()
    const running = run()
    await clock.advance(60_000)
    store.commit()
    script.failNext('send', coded('BROKER_UNAVAILABLE'))
    script.failNext('fence', coded('BROKER_UNAVAILABLE'))
    shard.wake()
    await settle()
    await clock.advance(100)
    expect(shard).toMatchObject({ state: 'waiting', leads: true })
    await clock.advance(500)
    expect(shard).toMatchObject({ state: 'publishing', leads: true })
    reading.abort()
    await running
  })

  it.each([
    ['batch gets to Kafka', 'send'],
    ['page gets here', 'readPage'],
  ])(
    'that lasts for as long as a lease gives the shard back, although it can be opened, where no %s',
    async (_, call) => {
      const backoff = { initialMs: 500, maxMs: 500 }
      const { run, shard, script, store, clock, reading } = runShard({ backoff })
      store.commit()
      const running = run()
      await clock.advance(60_000)
      expect(shard.hasSent).toBe(true)
      script.failNext(call, ...Array.from({ length: 60 }, () => coded('BROKER_UNAVAILABLE')))
      store.commit()
      shard.wake()
      const began = clock.now()
      await settle()
      while (shard.leads) await clock.advance(1)
      expect(clock.now() - began).toBeGreaterThanOrEqual(10_000)
      expect(clock.now() - began).toBeLessThanOrEqual(11_000)
      expect(shard).toMatchObject({ state: 'waiting', error: { code: 'BROKER_UNAVAILABLE' } })
      expect(store.lease.holder).toBeNull()
      while (!shard.leads) await clock.advance(1)
      expect(shard.hasSent).toBe(false)
      reading.abort()
      await running
    },
  )

  it('that comes back again and again keeps the lease where nothing is to be sent', async () => {
    const backoff = { initialMs: 100, maxMs: 100 }
    const { run, shard, script, clock, log, reading } = runShard({ backoff })
    const running = run()
    await clock.advance(1_000)
    for (let faults = 0; faults < 10; faults++) {
      script.failNext('lookForMessages', coded('BROKER_UNAVAILABLE'))
      shard.wake()
      await clock.advance(5_000)
    }
    const names = log.map(({ name }) => name)
    expect(names.filter((name) => name === 'shard:reopening').length).toBe(10)
    expect(names.filter((name) => name === 'lease:taken').length).toBe(1)
    reading.abort()
    await running
  })

  it('that comes back again and again keeps the lease where a batch comes through in between', async () => {
    const backoff = { initialMs: 2_000, maxMs: 2_000 }
    const { run, script, store, publisher, clock, log, reading } = runShard({ backoff, batchRows: 1 })
    for (let i = 0; i < 40; i++) store.commit()
    const enter = script.enter.bind(script)
    let sends = 0
    script.enter = async (name, detail) => {
      await enter(name, detail)
      if (name === 'send' && ++sends % 2 === 0) throw coded('BROKER_UNAVAILABLE')
    }
    const running = run()
    await clock.advance(30_000)
    const names = log.map(({ name }) => name)
    expect(names.filter((name) => name === 'shard:reopening').length).toBeGreaterThan(10)
    expect(names.filter((name) => name === 'lease:taken').length).toBe(1)
    expect(publisher.log).toEqual(store.rows.slice(0, publisher.log.length))
    reading.abort()
    await running
  })

  it('keeps its error to show while the shard opens again', async () => {
    const { run, shard, script, clock, reading } = runShard()
    const error = new Error('gone')
    script.failNext('readFacts', error)
    const running = run()
    await settle()
    const proceed = script.hold('changeToken')
    await clock.advance(100)
    expect(shard).toMatchObject({ state: 'opening', error })
    reading.abort()
    proceed()
    await running
  })

  it('waits longer from attempt to attempt, until a batch is out', async () => {
    const { run, script, log, clock, reading, store } = runShard()
    script.failNext('readFacts', ...[1, 2, 3, 4].map((n) => new Error(`gone ${n}`)))
    const running = run()
    await clock.advance(5_000)
    store.commit()
    await clock.advance(1_000)
    script.failNext('lookForMessages', new Error('gone again'))
    await clock.advance(1_000)
    const waits = log.flatMap(({ name, data }) =>
      name === 'shard:reopening' ? [data as RelayEvents['shard:reopening']] : [],
    )
    expect(waits.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 1])
    waits.slice(0, 4).forEach(({ delayMs }, i) => {
      expect(delayMs).toBeGreaterThanOrEqual(50 * 2 ** i)
      expect(delayMs).toBeLessThanOrEqual(100 * 2 ** i)
    })
    reading.abort()
    await running
  })

  it('waits shortly again where the shard was open for longer than the longest delay, although nothing was sent', async () => {
    const { run, script, log, clock, reading } = runShard()
    script.failNext('readFacts', ...[1, 2, 3].map((n) => new Error(`gone ${n}`)))
    const running = run()
    await clock.advance(5_000)
    await clock.advance(10_000)
    script.failNext('lookForMessages', new Error('gone again'))
    await clock.advance(1_000)
    script.failNext('lookForMessages', new Error('and again'))
    await clock.advance(1_000)
    const attempts = log.flatMap(({ name, data }) =>
      name === 'shard:reopening' ? [(data as RelayEvents['shard:reopening']).attempt] : [],
    )
    expect(attempts).toEqual([1, 2, 3, 1, 2])
    reading.abort()
    await running
  })

  it('is an opening that a server does not answer: it is dropped in time, with whatever comes of it', async () => {
    const { run, shard, script, clock, reading } = runShard({ openTimeoutMs: 5_000 })
    const answer = script.hold('fence')
    const running = run()
    await clock.advance(4_999)
    expect(shard.state).toBe('opening')
    await clock.advance(1)
    expect(shard).toMatchObject({ state: 'waiting', error: { code: 'DEADLINE_EXCEEDED' }, leads: true })
    answer()
    await clock.advance(100)
    expect(shard).toMatchObject({ state: 'publishing', error: undefined })
    expect(script.take('fence', 'close')).toEqual(['fence 0', 'close', 'fence 0'])
    reading.abort()
    await running
  })

  it('in a transaction of unknown outcome drops the producer, and Kafka decides at the next opening', async () => {
    const { run, script, store, publisher, clock, reading } = runShard()
    store.commit()
    // Sent and acknowledged, but the answer was lost.
    const realCommit = script.enter.bind(script)
    let lost = false
    script.enter = async (name, detail) => {
      await realCommit(name, detail)
      if (lost || name !== 'send') return
      lost = true
      publisher.checkpoint = batchOf(store, 1)
      publisher.log.push(...store.rows)
      throw new Error('the connection broke')
    }
    const running = run()
    await clock.advance(1_000)
    expect(publisher.log).toEqual(store.rows)
    expect(script.take('fence', 'begin', 'close').slice(0, 5)).toEqual([
      'fence 0',
      'begin 0',
      'begin 1',
      'close',
      'fence 0',
    ])
    reading.abort()
    await running
  })

  it('that orphans an intent opens again', async () => {
    const { run, store, publisher, events, log, clock, reading } = runShard()
    const running = run()
    await settle()
    const batches = store.batches
    store.batches = []
    events.on('shard:reopening', () => {
      store.batches = batches
    })
    store.commit()
    await clock.advance(400)
    expect(log.map(({ name }) => name)).toEqual([
      'lease:taken',
      'shard:opened',
      'shard:reopening',
      'shard:opened',
    ])
    expect(log[2]?.data).toMatchObject({ error: { code: 'INTENT_ORPHANED' } })
    expect(publisher.log).toEqual(store.rows)
    reading.abort()
    await running
  })

  it('of the store before it has the lease is waited out, too, and shown until the store answers', async () => {
    const { run, shard, script, clock, states, store, reading } = runShard()
    store.lease = { ...store.lease, holder: 'other' }
    script.failNext('readLease', coded('STORE_UNAVAILABLE'))
    const running = run()
    await settle()
    const answer = script.hold('readLease')
    await clock.advance(5_000)
    expect(shard).toMatchObject({ state: 'waiting', error: { code: 'STORE_UNAVAILABLE' }, leads: false })
    answer()
    await settle()
    expect(shard).toMatchObject({ state: 'standby', error: undefined })
    expect(states).toEqual(['waiting', 'waiting', 'standby'])
    reading.abort()
    await running
  })

  it('does not keep a waiting shard from stopping', async () => {
    const { run, shard, script, clock, reading } = runShard()
    script.failNext('readFacts', coded('BROKER_UNAVAILABLE'))
    const running = run()
    await settle()
    reading.abort()
    await running
    expect({ state: shard.state, now: clock.now(), sleeping: clock.sleeping }).toEqual({
      state: 'stopped',
      now: 0,
      sleeping: 0,
    })
  })
})

describe('a record that the broker refuses', () => {
  const refusal = coded('RECORD_REFUSED')

  it.each([1, 2, 5, 8, 13])('is found alone, at place %d, and parked: all others are sent', async (place) => {
    const { run, shard, store, publisher, reading } = runShard({ batchRows: 8 })
    for (let i = 0; i < 16; i++) store.commit()
    publisher.refuses = { id: `id-${place}`, error: refusal }
    const running = run()
    await settle()
    expect(shard.state).toBe('publishing')
    expect(store.ids).toEqual([`id-${place}`])
    expect(publisher.log).toEqual(store.rows.filter(({ id }) => id !== `id-${place}`))
    reading.abort()
    await running
  })

  it('is looked for through a fresh opening each time, and parked before the next page', async () => {
    const { run, store, publisher, script, reading } = runShard({ batchRows: 4 })
    for (let i = 0; i < 4; i++) store.commit()
    publisher.refuses = { id: 'id-1', error: refusal }
    const running = run()
    await settle()
    expect(script.take('fence', 'send', 'close', 'parkMessage', 'readPage').slice(0, 17)).toEqual([
      ...['fence 0', 'readPage', 'send 4', 'close'],
      ...['fence 0', 'readPage', 'send 2', 'readPage', 'close'],
      ...['fence 0', 'readPage', 'send 1', 'readPage', 'close'],
      ...['fence 0', 'parkMessage RECORD_REFUSED', 'readPage'],
    ])
    reading.abort()
    await running
  })

  it('that passes alone lets the shard go on', async () => {
    const { run, store, publisher, script, shard, clock, reading } = runShard({ batchRows: 4 })
    for (let i = 0; i < 4; i++) store.commit()
    script.failNext('send', refusal)
    const running = run()
    await settle()
    expect(shard.state).toBe('publishing')
    expect(publisher.transactions.filter((rows) => rows > 0)).toEqual([2, 2])
    for (let i = 0; i < 4; i++) store.commit()
    await clock.advance(200)
    expect(publisher.transactions.filter((rows) => rows > 0)).toEqual([2, 2, 4])
    reading.abort()
    await running
  })
})

describe('a batch that does not get through', () => {
  it.each(['BROKER_UNAVAILABLE', 'PRODUCER_FENCED'] as const)('with %s is halved', async (code) => {
    const { run, store, publisher, script, clock, reading } = runShard({ batchRows: 8 })
    for (let i = 0; i < 8; i++) store.commit()
    script.failNext('send', coded(code), coded(code))
    const running = run()
    await clock.advance(1_000)
    expect(script.take('send').slice(0, 3)).toEqual(['send 8', 'send 4', 'send 2'])
    expect(publisher.log).toEqual(store.rows)
    reading.abort()
    await running
  })
})

describe('a lease that is lost', () => {
  it('drops the producer, is told of, and makes the shard a standby that releases nothing', async () => {
    const { run, store, script, shard, log, clock, reading } = runShard()
    const running = run()
    await settle()
    script.take()
    store.lease = { ...store.lease, holder: 'other', renewal: 50 }
    await clock.advance(2_000)
    expect(shard).toMatchObject({ state: 'standby', leads: false })
    expect(log.at(-1)).toEqual({ name: 'lease:lost', data: { shard: 0 } })
    expect(script.take('close', 'releaseLease')).toEqual(['close'])
    reading.abort()
    await running
  })

  it('to a database that does not answer is shown as such, not as a standby', async () => {
    const { run, script, shard, clock, reading, hard } = runShard()
    const running = run()
    await settle()
    const answers = ['renewLease', 'readLease', 'lookForMessages'].map((call) => script.hold(call))
    await clock.advance(10_000)
    expect(shard).toMatchObject({ state: 'waiting', error: { code: 'LEASE_LOST' }, leads: false })
    for (const answer of answers) answer()
    await settle()
    expect(shard.state).toBe('publishing')
    reading.abort()
    hard.abort()
    await running
  })

  it('drops the batch that does not end', async () => {
    const { run, store, script, shard, clock, publisher, reading } = runShard()
    store.commit()
    script.hold('send')
    const running = run()
    await settle()
    store.lease = { ...store.lease, holder: 'other', renewal: 50 }
    await clock.advance(2_000)
    expect(shard.state).toBe('standby')
    expect(publisher.log).toEqual([])
    reading.abort()
    await running
  })

  it('is noticed by the guard, too', async () => {
    const { run, store, shard, log, clock, publisher, reading } = runShard()
    const running = run()
    await settle()
    store.lease = { ...store.lease, holder: 'other', token: "the other's" }
    store.commit()
    await clock.advance(200)
    expect(publisher.log).toEqual([])
    expect(shard.state).toBe('standby')
    expect(log.at(-1)).toEqual({ name: 'lease:lost', data: { shard: 0 } })
    reading.abort()
    await running
  })

  it('closes the producer of an opening that was given up whenever it comes', async () => {
    const { run, shard, store, script, clock, reading } = runShard()
    const fenced = script.hold('fence')
    const running = run()
    await settle()
    store.lease = { ...store.lease, holder: 'other', renewal: 50 }
    await clock.advance(2_000)
    expect(shard.state).toBe('standby')
    script.take()
    fenced()
    await settle()
    expect(script.take('close')).toEqual(['close'])
    reading.abort()
    await running
  })
})

function batchOf(store: ScriptedRelayStore, number: number) {
  const { token = '' } = store.batches.find((batch) => batch.number === number) ?? {}
  return { number, token }
}
