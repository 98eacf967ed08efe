import { describe, expect, it } from 'vitest'
import { PigeonholeError } from '../../errors/pigeonhole-error.js'
import { CallScript } from '../../ports/call-script.fake.js'
import { ManualClock, settle } from '../../ports/manual-clock.fake.js'
import { ScriptedPublisher } from '../scripted-publisher.fake.js'
import { ScriptedRelayStore } from '../scripted-relay-store.fake.js'
import { reshard } from './reshard.js'
import type { ReshardOptions } from './reshard-options.js'

function prepare() {
  const script = new CallScript()
  const store = new ScriptedRelayStore(script)
  const publisher = new ScriptedPublisher(script)
  const clock = new ManualClock()
  store.lease = { holder: 'a relay', token: 'its token', renewal: 4, confirmed: 0 }
  const run = (over: Partial<ReshardOptions> = {}) =>
    reshard({ name: 'orders', store, publisher, clock, shards: 2, ...over })
  return { script, store, publisher, clock, run }
}

describe('reshard', () => {
  it('opens first, reads one snapshot, sends what it holds, and then changes the map', async () => {
    const { script, store, publisher, run } = prepare()
    for (let i = 0; i < 3; i++) store.commit()
    expect(await run()).toEqual({ from: 1, to: 2, parked: [] })
    expect(publisher.log).toEqual(store.rows)
    expect(
      script.take(
        'seizeLease',
        'fence',
        'readCheckpoint',
        'extendCheckpointTopic',
        'readSnapshot',
        'readPageUntil',
        'changeShards',
        'close',
        'releaseLease',
      ),
    ).toEqual([
      'seizeLease',
      'fence 0',
      'readCheckpoint',
      'extendCheckpointTopic 2',
      'readSnapshot guarded',
      'readPageUntil',
      'changeShards 2',
      'close',
      'releaseLease',
    ])
    expect(store.map).toHaveLength(2)
  })

  it('moves no cursor without an intent, also where there is nothing to send', async () => {
    const { script, store, publisher, run } = prepare()
    store.splitsCaptures = true
    store.commit()
    await run()
    expect(publisher.transactions).toEqual([0, 1, 0])
    expect(script.take('send', 'insertBatch')).toEqual([
      'insertBatch 0',
      'insertBatch 1',
      'send 1',
      'insertBatch 2',
    ])
    expect(store.batches.at(-1)?.cursor).toEqual({ from: '2:2:', until: null, lastSeq: '0' })
  })

  it('parks what is blocked, as a relay does', async () => {
    const { store, publisher, run } = prepare()
    const key = Buffer.from('poison')
    store.commit({ key })
    store.commit()
    store.commit({ key })
    store.keys.set('orders/poison', false)
    await run()
    expect(publisher.log.map(({ id }) => id)).toEqual(['id-2'])
  })

  it('looks for what the broker refuses and parks it, as a relay does, opening afresh each time', async () => {
    const { script, store, publisher, run } = prepare()
    const key = Buffer.from('poison')
    for (let i = 0; i < 4; i++) store.commit(i === 1 || i === 3 ? { key } : {})
    const details = { topic: 'orders', keyHash: 'hash', reason: 'large' }
    publisher.refuses = {
      id: 'id-2',
      error: new PigeonholeError('RECORD_REFUSED', { message: 'large', details }),
    }
    const { parked } = await run()
    expect(parked).toEqual([{ topic: 'orders', errorCode: 'RECORD_REFUSED', error: 'large' }])
    expect(publisher.log.map(({ id }) => id)).toEqual(['id-1', 'id-3'])
    expect(store.ids).toEqual(['id-2', 'id-4'])
    expect(script.take('fence', 'send', 'parkMessage', 'changeShards', 'close')).toEqual([
      'fence 0',
      'send 4',
      'close',
      'fence 0',
      'send 2',
      'close',
      'fence 0',
      'send 1',
      'send 1',
      'close',
      'fence 0',
      'parkMessage RECORD_REFUSED',
      'send 1',
      'changeShards 2',
      'close',
    ])
  })

  it('pauses a topic that takes nothing', async () => {
    const { store, publisher, run } = prepare()
    store.commit({ topic: 'gone' })
    store.commit()
    const error = new PigeonholeError('TOPIC_MISSING', { message: 'gone', details: { topic: 'gone' } })
    publisher.refuses = { id: 'id-1', error }
    expect((await run()).parked).toEqual([{ topic: 'gone', errorCode: 'TOPIC_MISSING', error: 'gone' }])
    expect(publisher.log.map(({ id }) => id)).toEqual(['id-2'])
    expect([...store.topics.keys()]).toEqual(['gone'])
  })

  it('passes what no record is to blame for', async () => {
    const { script, store, run } = prepare()
    store.commit()
    script.failNext('send', new PigeonholeError('BROKER_UNAVAILABLE', { message: 'm', details: {} }))
    await expect(run()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
    expect(script.take('fence', 'changeShards')).toEqual(['fence 0'])
  })

  it('changes nothing where a failover has taken every shard back', async () => {
    const { script, store, run } = prepare()
    const answer = script.hold('readShards')
    const interrupted = expect(run()).rejects.toMatchObject({ code: 'RESHARD_INTERRUPTED' })
    await settle()
    store.map = []
    answer()
    await interrupted
    expect(script.take('seizeLease', 'changeShards')).toEqual([])
  })

  it('gives a new outbox its shards at once', async () => {
    const { store, script, run } = prepare()
    store.map = []
    expect(await run({ shards: 4 })).toEqual({ from: 4, to: 4, parked: [] })
    expect(script.take('seizeLease', 'changeShards')).toEqual([])
    expect(store.map).toHaveLength(4)
  })

  it('touches nothing where the outbox has so many shards', async () => {
    const { script, run } = prepare()
    expect(await run({ shards: 1 })).toEqual({ from: 1, to: 1, parked: [] })
    expect(script.take('seizeLease', 'fence', 'changeShards')).toEqual([])
  })

  it('says that it was interrupted where the store does not find everything as it was, and gives the leases up', async () => {
    const { store, script, run } = prepare()
    store.changesShards = false
    await expect(run()).rejects.toMatchObject({ code: 'RESHARD_INTERRUPTED' })
    expect(script.take('close', 'releaseLease')).toEqual(['close', 'releaseLease'])
  })

  it('is interrupted by a process that takes a shard meanwhile', async () => {
    const { store, script, clock, run } = prepare()
    const answer = script.hold('fence')
    const interrupted = expect(run({ renewMs: 1_000 })).rejects.toMatchObject({
      code: 'RESHARD_INTERRUPTED',
      cause: { code: 'LEASE_LOST' },
    })
    await clock.advance(500)
    store.lease = { ...store.lease, holder: 'a relay' }
    await clock.advance(1_000)
    await interrupted
    answer()
    expect(script.take('changeShards')).toEqual([])
  })

  it('goes on although a renewal is not answered', async () => {
    const { script, clock, run } = prepare()
    const answer = script.hold('fence')
    const done = run({ renewMs: 1_000, leaseMs: 3_000 })
    script.failNext('renewLease', ...Array.from({ length: 9 }, () => new Error('refused')))
    await clock.advance(8_000)
    answer()
    expect(await done).toEqual({ from: 1, to: 2, parked: [] })
  })

  it('passes what keeps a shard from being opened as it is', async () => {
    const { store, run } = prepare()
    store.recorded = { relay: 'another', clusterId: 'cluster', systemIdentifier: 'system' }
    await expect(run()).rejects.toMatchObject({ code: 'RELAY_IDENTITY_CHANGED' })
  })

  it.each([0, 257, 1.5])('refuses %d shards', async (shards) => {
    const { run } = prepare()
    await expect(run({ shards })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      details: { option: 'shards' },
    })
  })
})
