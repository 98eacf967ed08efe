import { describe, expect, it } from 'vitest'
import { CallScript } from '../../ports/call-script.fake.js'
import { ManualClock } from '../../ports/manual-clock.fake.js'
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
    expect(await run()).toEqual({ from: 1, to: 2 })
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
      'readSnapshot',
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

  it('gives a new outbox its shards at once', async () => {
    const { store, script, run } = prepare()
    store.map = []
    expect(await run({ shards: 4 })).toEqual({ from: 4, to: 4 })
    expect(script.take('seizeLease', 'changeShards')).toEqual([])
    expect(store.map).toHaveLength(4)
  })

  it('touches nothing where the outbox has so many shards', async () => {
    const { script, run } = prepare()
    expect(await run({ shards: 1 })).toEqual({ from: 1, to: 1 })
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
    expect(await done).toEqual({ from: 1, to: 2 })
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
