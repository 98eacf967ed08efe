import { describe, expect, it, vi } from 'vitest'
import { Emitter } from '../events/emitter.js'
import { CallScript } from '../ports/call-script.fake.js'
import { ManualClock, settle } from '../ports/manual-clock.fake.js'
import { originCursor } from '../ports/relay-store.js'
import type { SentBatch } from '../ports/tracing.js'
import { FaultSearch } from './parking/fault-search.js'
import { Pipeline } from './pipeline.js'
import { Poll } from './poll.js'
import type { RelayEvents } from './relay-events.js'
import { ScriptedPublisher } from './scripted-publisher.fake.js'
import { ScriptedRelayStore } from './scripted-relay-store.fake.js'

/** So long the outbox has been empty when PostgreSQL is told: eight pauses of 20 ms, then one of 40 and one of 80. */
const quietMs = 280

async function openPipeline({ rows = 0, batchRows = 2 } = {}) {
  const script = new CallScript()
  const store = new ScriptedRelayStore(script)
  const publisher = new ScriptedPublisher(script)
  const clock = new ManualClock()
  const events = new Emitter<RelayEvents>('relay')
  const poll = new Poll({ clock, pollMs: 20, idlePollMs: 200 })
  const search = new FaultSearch(batchRows)
  const first = { number: 0, token: 't0', parent: null, cursor: originCursor }
  store.lease = { holder: 'me', token: 'mine', renewal: 1, confirmed: 0 }
  store.recorded = { relay: 'orders', clusterId: 'cluster', systemIdentifier: 'system' }
  store.batches = [first]
  for (let i = 0; i < rows; i++) store.commit()
  const open = {
    shard: 0,
    token: 'mine',
    producer: await publisher.fence('orders', 0),
    confirmed: first,
    genesis: false,
    parked: false,
  }
  const sent: SentBatch[] = []
  const pipeline = new Pipeline({
    options: {
      name: 'orders',
      tracing: { unobserved: (work) => work(), sent: (batch) => sent.push(batch) },
      store,
      clock,
      batchRows,
      batchBytes: 1_000,
      pollMs: 20,
      renewMs: 2_000,
      leaseMs: 10_000,
      retentionMs: 0,
      backoff: { initialMs: 100, maxMs: 10_000 },
    },
    open,
    search,
    poll,
    events,
  })
  const reading = new AbortController()
  const leading = new AbortController()
  const run = (): Promise<void> => pipeline.run({ reading: reading.signal, leading: leading.signal })
  script.take()
  return { script, store, publisher, clock, events, poll, pipeline, reading, leading, run, sent }
}

const published = ['insertBatch', 'begin', 'send', 'commit']

describe('a batch', () => {
  it('is read and intended in one guarded transaction, then sent with its checkpoint first', async () => {
    const { run, script, reading, publisher, store } = await openPipeline({ rows: 2 })
    const running = run()
    await settle()
    expect(script.calls.slice(0, 7)).toEqual([
      'lookForMessages',
      'guarded 0',
      'readPage',
      'insertBatch 1',
      'begin 1',
      'send 2',
      'lookForMessages',
    ])
    expect(publisher.log).toEqual(store.rows)
    expect(publisher.checkpoint).toEqual({
      number: 1,
      token: store.batches.find(({ number }) => number === 1)?.token,
    })
    reading.abort()
    await running
  })

  it('is sent while its intent is being committed, and Kafka is asked for its commit behind that', async () => {
    const { run, script, reading, publisher } = await openPipeline({ rows: 2 })
    const commit = script.hold('COMMIT')
    const running = run()
    await settle()
    expect(script.take(...published)).toEqual(['insertBatch 1', 'begin 1', 'send 2'])
    commit()
    await settle()
    expect(script.take('begin', 'send', 'commit')).toEqual(['commit 1'])
    expect(publisher.transactions).toEqual([2])
    reading.abort()
    await running
  })

  it('is sent while its intent is being committed, also if its predecessor was being sent when it was read', async () => {
    const { run, script, store, reading, clock } = await openPipeline({ rows: 1 })
    const acknowledge = script.hold('commit')
    const running = run()
    await settle()
    const read = script.hold('readPage')
    store.commit()
    await clock.advance(20)
    acknowledge()
    await settle()
    const commit = script.hold('COMMIT')
    script.take()
    read()
    await settle()
    expect(script.take('begin', 'send', 'commit')).toEqual(['begin 2', 'send 1'])
    reading.abort()
    commit()
    await running
    expect(script.take('commit')).toEqual(['commit 2'])
  })

  it('is told of in traces once Kafka has committed it, with the time from its first byte', async () => {
    const { run, script, reading, publisher, clock, sent } = await openPipeline({ rows: 2 })
    const acknowledge = script.hold('commit')
    const running = run()
    await settle()
    await clock.advance(30)
    expect(sent).toEqual([])
    acknowledge()
    await settle()
    const { log: rows } = publisher
    expect(sent).toEqual([{ relay: 'orders', shard: 0, rows, durationMs: 30, error: undefined }])
    reading.abort()
    await running
  })

  it('is told of in traces with what it failed for', async () => {
    const { run, publisher, store, sent } = await openPipeline({ rows: 2 })
    const error = new Error('too large')
    publisher.refuses = { id: store.rows[1]?.id ?? '', error }
    await expect(run()).rejects.toBe(error)
    expect(sent).toEqual([{ relay: 'orders', shard: 0, rows: store.rows, durationMs: 0, error }])
  })

  it('has its predecessor as its parent', async () => {
    const { run, script, store, reading } = await openPipeline({ rows: 4 })
    const acknowledge = script.hold('commit')
    const running = run()
    await settle()
    expect(store.batches.map(({ number, parent }) => [number, parent])).toEqual([
      [0, null],
      [1, 't0'],
      [2, store.batches[1]?.token],
    ])
    reading.abort()
    acknowledge()
    await running
  })

  it('is prepared while its predecessor is being sent, also if its messages come in that time', async () => {
    const { run, script, store, reading, clock } = await openPipeline({ rows: 1 })
    const acknowledge = script.hold('commit')
    const running = run()
    await settle()
    store.commit()
    await clock.advance(20)
    expect(script.take(...published, 'guarded')).toEqual([
      'guarded 0',
      'insertBatch 1',
      'begin 1',
      'send 1',
      'commit 1',
      'guarded 0',
      'insertBatch 2',
    ])
    reading.abort()
    acknowledge()
    await running
  })

  it('is not looked for once more when a look has found it', async () => {
    const { run, script, store, reading, clock } = await openPipeline()
    const running = run()
    await settle()
    script.take()
    store.commit()
    await clock.advance(20)
    expect(script.calls.slice(0, 2)).toEqual(['lookForMessages', 'guarded 0'])
    reading.abort()
    await running
  })

  it('is not written where there are no rows, and the cursor stays', async () => {
    const { run, script, store, reading } = await openPipeline()
    const running = run()
    await settle()
    expect(script.take(...published)).toEqual([])
    expect(store.batches).toHaveLength(1)
    reading.abort()
    await running
  })

  it('that goes on with a capture is read without asking first', async () => {
    const { run, script, store, reading } = await openPipeline({ rows: 1 })
    Object.assign(store.batches[0] ?? {}, { cursor: { from: '1:1:', until: '2:2:', lastSeq: '0' } })
    const running = run()
    await settle()
    expect(script.calls[0]).toBe('guarded 0')
    reading.abort()
    await running
  })
})

describe('a capture that ends at a page', () => {
  it('leaves no batch without rows', async () => {
    const { run, script, store, reading } = await openPipeline()
    Object.assign(store.batches[0] ?? {}, { cursor: { from: '1:1:', until: '2:2:', lastSeq: '0' } })
    const running = run()
    await settle()
    expect(script.take('readPage', 'insertBatch')).toEqual(['readPage'])
    reading.abort()
    await running
  })
})

describe('the pipeline', () => {
  it('intends one batch ahead, and begins it only after the one before is acknowledged', async () => {
    const { run, script, reading } = await openPipeline({ rows: 6 })
    const acknowledge = script.hold('commit')
    const running = run()
    await settle()
    const calls = [...script.calls]
    expect(script.take('insertBatch')).toEqual(['insertBatch 1', 'insertBatch 2'])
    expect(calls.filter((call) => /^(begin|send|commit) /.test(call))).toEqual([
      'begin 1',
      'send 2',
      'commit 1',
    ])
    acknowledge()
    await settle()
    expect(script.take('begin')[0]).toBe('begin 2')
    reading.abort()
    await running
  })

  it('sends what is intended and reads nothing more when it is told to stop reading', async () => {
    const { run, script, publisher, reading } = await openPipeline({ rows: 6 })
    const acknowledge = script.hold('commit')
    const running = run()
    await settle()
    reading.abort()
    script.take()
    acknowledge()
    await running
    expect(script.take('readPage', 'lookForMessages', 'insertBatch')).toEqual([])
    expect(publisher.transactions).toEqual([2, 2])
  })

  it('sends all that was committed, in order, and then waits for more', async () => {
    const { run, clock, publisher, store, reading } = await openPipeline({ rows: 5 })
    const running = run()
    await settle()
    expect(publisher.transactions).toEqual([2, 2, 1])
    store.commit()
    await clock.advance(200)
    expect(publisher.log).toEqual(store.rows)
    reading.abort()
    await running
  })

  it('looks at once when it is woken', async () => {
    const { run, clock, poll, publisher, store, reading } = await openPipeline()
    const running = run()
    await clock.advance(5_000)
    store.commit()
    poll.wake()
    await settle()
    expect(publisher.log).toHaveLength(1)
    reading.abort()
    await running
  })

  it('tells of an intent once it is committed, and of a batch once Kafka has it', async () => {
    const { run, script, events, reading } = await openPipeline({ rows: 2 })
    events.on('batch:prepared', ({ batch, rows }) => script.calls.push(`prepared ${batch} ${rows}`))
    events.on('batch:published', ({ batch, rows }) => script.calls.push(`published ${batch} ${rows}`))
    const running = run()
    await settle()
    expect(script.take('insertBatch', 'prepared', 'begin', 'commit', 'published')).toEqual([
      'insertBatch 1',
      'begin 1',
      'prepared 1 2',
      'commit 1',
      'published 1 2',
    ])
    reading.abort()
    await running
  })
})

describe('a shard to which nothing is published', () => {
  it('takes its cursor past the messages of the others by a batch without any, and not by a look', async () => {
    const { run, script, store, publisher, events, reading } = await openPipeline()
    const batches: unknown[] = []
    events.on('batch:published', ({ batch, rows }) => batches.push([batch, rows]))
    store.others = true
    const running = run()
    await settle()
    expect(script.take('passOver', ...published)).toEqual([
      'passOver',
      'insertBatch 1',
      'begin 1',
      'commit 1',
    ])
    expect(publisher.checkpoint?.token).toBe(store.batches.find(({ number }) => number === 1)?.token)
    expect(batches).toEqual([[1, 0]])
    reading.abort()
    await running
  })

  it('does not look more often because others publish', async () => {
    const { run, script, store, clock, reading } = await openPipeline()
    const running = run()
    await clock.advance(5_000)
    store.others = true
    await clock.advance(200)
    script.take()
    await clock.advance(199)
    expect(script.take('lookForMessages').length).toBeLessThanOrEqual(1)
    reading.abort()
    await running
  })

  it('reads a page where its own are among them', async () => {
    const { run, store, publisher, reading } = await openPipeline()
    store.commit()
    vi.spyOn(store, 'lookForMessages').mockResolvedValueOnce('others')
    const running = run()
    await settle()
    expect(publisher.transactions).toEqual([1])
    expect(publisher.log).toEqual(store.rows)
    reading.abort()
    await running
  })

  it('stops at messages of others that another server has numbered, which it would never get past', async () => {
    const { run, script, store } = await openPipeline()
    Object.assign(store, { others: true, xidAhead: '900000000000' })
    await expect(run()).rejects.toMatchObject({ code: 'RELAY_XID_AHEAD' })
    expect(script.take('insertBatch')).toEqual([])
  })
})

describe('a pipeline that fails', () => {
  it('stops at messages that another server has numbered, instead of looking at them for ever', async () => {
    const { run, script, store, publisher } = await openPipeline({ rows: 1 })
    Object.assign(store, { foreign: 1, xidAhead: '900000000000' })
    script.failNext('lookForMessages', ...Array<unknown>(20).fill(undefined), new Error('it looks for ever'))
    await expect(run()).rejects.toMatchObject({ code: 'RELAY_XID_AHEAD' })
    expect(publisher.log).toEqual(store.rows)
  })

  it('sends nothing of an intent whose parent is gone', async () => {
    const { run, script, store } = await openPipeline({ rows: 2 })
    store.batches = []
    await expect(run()).rejects.toMatchObject({
      code: 'INTENT_ORPHANED',
      details: { shard: 0, batch: 1 },
      retryable: true,
    })
    expect(script.take('begin')).toEqual([])
  })

  it.each(['begin', 'send', 'commit'])(
    'ends when %s rejects, without a further call to its producer',
    async (call) => {
      const { run, script, pipeline } = await openPipeline({ rows: 4 })
      const error = new Error('unknown outcome')
      script.failNext(call, error)
      await expect(run()).rejects.toBe(error)
      expect(script.take('begin', 'send', 'commit').at(-1)).toMatch(new RegExp(`^${call} `))
      expect(pipeline.inFlight?.rows).toHaveLength(2)
    },
  )

  it('commits nothing in Kafka whose intent it does not know to be committed', async () => {
    const { run, script, pipeline } = await openPipeline({ rows: 2 })
    const error = new Error('unknown outcome')
    script.failNext('COMMIT', error)
    await expect(run()).rejects.toBe(error)
    expect(script.take('begin', 'send', 'commit')).toEqual(['begin 1', 'send 2'])
    expect(pipeline.inFlight).toBeUndefined()
  })

  it('learns what was refused once the intent is known to be committed', async () => {
    const { run, script, pipeline } = await openPipeline({ rows: 2 })
    const refused = new Error('refused')
    script.failNext('send', refused)
    const commit = script.hold('COMMIT')
    const running = run()
    const ended = expect(running).rejects.toBe(refused)
    await settle()
    expect(pipeline.inFlight).toBeUndefined()
    commit()
    await ended
    expect(pipeline.inFlight?.rows).toHaveLength(2)
  })

  it('learns nothing of what was refused where the intent may not be committed', async () => {
    const { run, script, pipeline } = await openPipeline({ rows: 2 })
    const lost = new Error('the connection broke')
    script.failNext('send', new Error('refused'))
    script.failNext('COMMIT', lost)
    await expect(run()).rejects.toBe(lost)
    expect(pipeline.inFlight).toBeUndefined()
  })

  it('ends with the error of what it had read ahead, after the batch before is out', async () => {
    const { run, script, publisher } = await openPipeline({ rows: 4 })
    const error = new Error('gone')
    script.failNext('insertBatch', undefined, error)
    await expect(run()).rejects.toBe(error)
    expect(publisher.transactions).toEqual([2])
  })

  it('drops what is in flight when the shard is no longer its own', async () => {
    const { run, script, leading } = await openPipeline({ rows: 6 })
    script.hold('commit')
    const running = run()
    await settle()
    leading.abort('the lease is lost')
    await expect(running).rejects.toBe('the lease is lost')
    expect(script.take('begin')).toEqual(['begin 1'])
  })

  it('ends its pause when the shard is no longer its own', async () => {
    const { run, leading, clock } = await openPipeline()
    const running = run()
    await settle()
    leading.abort('the lease is lost')
    await expect(running).rejects.toBe('the lease is lost')
    expect(clock.now()).toBe(0)
  })
})

describe('what is confirmed', () => {
  it('is made known when it has been quiet, so that no message of a lively outbox waits behind that', async () => {
    const { run, script, reading, clock } = await openPipeline({ rows: 1 })
    const running = run()
    await settle()
    script.take()
    await clock.advance(quietMs - 1)
    expect(script.take('guarded')).toEqual([])
    await clock.advance(1)
    expect(script.take('guarded')).toEqual(['guarded 1'])
    reading.abort()
    await running
  })

  it('is deleted with an intent from a tenth of a full batch on', async () => {
    const { run, script, store, reading, clock } = await openPipeline({ rows: 1, batchRows: 20 })
    const running = run()
    await settle()
    const deletions: number[] = []
    for (let i = 0; i < 4; i++) {
      script.take()
      store.commit()
      await clock.advance(20)
      deletions.push(script.take('deleteBatchesBelow').length)
    }
    expect(deletions).toEqual([0, 1, 0, 1])
    reading.abort()
    await running
  })

  it('is made known and deleted once nothing is in flight', async () => {
    const { run, script, store, reading, clock } = await openPipeline({ rows: 3 })
    const running = run()
    await clock.advance(quietMs)
    expect(store).toMatchObject({ lease: { confirmed: 2 }, batches: [{ number: 2 }] })
    expect(script.take('guarded').at(-1)).toBe('guarded 2')
    reading.abort()
    await running
  })

  it('is not deleted where the database has lost it: a standby that was promoted without it', async () => {
    const { run, store, clock, script } = await openPipeline({ rows: 2 })
    const failed = expect(run()).rejects.toMatchObject({ code: 'INTENT_ORPHANED' })
    await settle()
    store.batches = store.batches.slice(0, 1)
    await clock.advance(quietMs)
    await failed
    expect(script.take('deleteBatchesBelow')).toEqual([])
  })

  it('is looked for on both sides while there is nothing to send', async () => {
    const { run, publisher, clock } = await openPipeline({ rows: 2 })
    const failed = expect(run()).rejects.toMatchObject({ code: 'CHECKPOINT_UNREADABLE' })
    await clock.advance(quietMs)
    publisher.intact = false
    await clock.advance(4_000)
    await failed
  })

  it('does not include an intent', async () => {
    const { run, script, store, reading } = await openPipeline({ rows: 6 })
    const acknowledge = script.hold('commit')
    const running = run()
    await settle()
    expect(store).toMatchObject({ batches: [{ number: 0 }, { number: 1 }, { number: 2 }] })
    reading.abort()
    acknowledge()
    await running
  })

  it('does not include a batch whose commit is not answered', async () => {
    const { run, script, events, reading } = await openPipeline({ rows: 4 })
    let look = (): void => undefined
    events.on('batch:prepared', ({ batch }) => {
      if (batch === 1) look = script.hold('lookForMessages')
    })
    const acknowledge = script.hold('commit')
    const running = run()
    await settle()
    expect(script.take('commit')).toEqual(['commit 1'])
    look()
    await settle()
    expect(script.take('guarded')).toEqual(['guarded 0'])
    reading.abort()
    acknowledge()
    await running
  })

  it('is one batch for all of a transaction, also when Kafka acknowledges the next meanwhile', async () => {
    const { run, script, reading } = await openPipeline({ rows: 6 })
    const acknowledge = script.hold('commit')
    const running = run()
    await settle()
    acknowledge()
    const read = script.hold('readPage')
    await settle()
    script.take()
    const acknowledged = script.hold('commit')
    read()
    await settle()
    // The page of batch 3 was begun when batch 1 was the last one acknowledged, and batch 2 is by now.
    expect(script.take('deleteBatchesBelow')).toEqual(['deleteBatchesBelow 1'])
    reading.abort()
    acknowledged()
    await running
  })
})
