import { describe, expect, it } from 'vitest'
import { CallScript } from '../ports/call-script.fake.js'
import { ManualClock } from '../ports/manual-clock.fake.js'
import { originCursor } from '../ports/relay-store.js'
import { openShard } from './opening.js'
import { ScriptedPublisher } from './scripted-publisher.fake.js'
import { ScriptedRelayStore } from './scripted-relay-store.fake.js'

const identity = { relay: 'orders', clusterId: 'cluster', systemIdentifier: 'system' }

function prepare() {
  const script = new CallScript()
  const store = new ScriptedRelayStore(script)
  const publisher = new ScriptedPublisher(script)
  const clock = new ManualClock()
  store.lease = { holder: 'me', token: 'old', renewal: 1, confirmed: 0 }
  const open = (shard = 0) => openShard({ name: 'orders', store, publisher, clock }, shard, 'me')
  return { script, store, publisher, clock, open }
}

/** A shard that has sent batches up to `number`. */
function prepareWithHistory(number: number) {
  const prepared = prepare()
  const { store, publisher } = prepared
  const batches = [number - 1, number].map((n) => ({
    number: n,
    token: `t${n}`,
    parent: `t${n - 1}`,
    cursor: originCursor,
  }))
  store.batches = batches
  store.recorded = identity
  store.lease = { ...store.lease, confirmed: number - 1 }
  publisher.checkpointTopic = true
  publisher.checkpoint = { number, token: `t${number}` }
  return prepared
}

describe('opening a shard', () => {
  it('renames the token, fences, and only then believes the checkpoint', async () => {
    const { open, script, store } = prepareWithHistory(7)
    const shard = await open()
    expect(shard).toMatchObject({ shard: 0, genesis: false, confirmed: { number: 7, token: 't7' } })
    expect(shard.token).not.toBe('old')
    expect(store.lease.token).toBe(shard.token)
    expect(script.calls).toEqual([
      'checkServer',
      'changeToken',
      'connect',
      'readIdentity',
      'readShards',
      'hasCheckpointTopic',
      'fence 0',
      'readCheckpoint',
      'guarded 0',
      'readFacts',
      'agree',
      'writeIdentity',
      'confirm 7',
      'deleteOtherBatches 7',
      'openParking',
    ])
  })

  it('forgets the intent behind the checkpoint: its successor is fenced and nothing of it can be sent', async () => {
    const { open, store, publisher } = prepareWithHistory(7)
    publisher.checkpoint = { number: 6, token: 't6' }
    await open()
    expect(store.batches.map(({ number }) => number)).toEqual([6])
  })

  it('knows a Kafka that goes back for one, as soon as it has forgotten the batches before the checkpoint', async () => {
    const { open, store, publisher } = prepareWithHistory(7)
    store.lease = { ...store.lease, confirmed: 5 }
    await open()
    publisher.checkpoint = { number: 6, token: 't6' }
    await expect(open()).rejects.toMatchObject({
      code: 'RELAY_KAFKA_WENT_BACK',
      details: { checkpoint: 6, confirmed: 7 },
    })
  })

  it('begins a first time with an empty batch 0 on both sides, and its own topic', async () => {
    const { open, script, store, publisher } = prepare()
    const shard = await open()
    expect(shard).toMatchObject({
      genesis: true,
      confirmed: { number: 0, parent: null, cursor: originCursor },
    })
    expect(publisher.checkpoint).toEqual({ number: 0, token: shard.confirmed.token })
    expect(store).toMatchObject({ batches: [shard.confirmed], recorded: identity })
    const names = [
      'createCheckpointTopic',
      'fence',
      'writeIdentity',
      'deleteOtherBatches',
      'insertBatch',
      'begin',
      'send',
      'commit',
    ]
    expect(script.take(...names)).toEqual([
      'createCheckpointTopic 1',
      'fence 0',
      'deleteOtherBatches all',
      'insertBatch 0',
      'begin 0',
      'commit 0',
      'writeIdentity',
    ])
  })

  it('is nobody before Kafka has its batch 0', async () => {
    const { open, script, store } = prepare()
    script.failNext('commit', new Error('fenced by the relay of a copy'))
    await expect(open()).rejects.toThrow('a copy')
    expect(store.recorded).toBeNull()
  })

  it('begins with shard 0, whose batch 0 decides which of several copies goes on', async () => {
    const { open, script, store, clock } = prepare()
    const opening = open(1)
    await clock.advance(2_000)
    expect(script.take('createCheckpointTopic', 'fence')).toEqual([])
    store.recorded = identity
    await clock.advance(250)
    expect(await opening).toMatchObject({ shard: 1, genesis: true })
  })

  it('does not wait for ever for shard 0', async () => {
    const { open, script, clock } = prepare()
    const opening = open(1)
    const outcome = expect(opening).rejects.toMatchObject({ code: 'FIRST_SHARD_UNOPENED', retryable: true })
    await clock.advance(6_000)
    await outcome
    expect(script.take('fence')).toEqual([])
  })

  it('begins again with a new batch 0 where Kafka never heard of the first', async () => {
    const { open, store, publisher } = prepare()
    store.batches = [{ number: 0, token: 'unheard', parent: null, cursor: originCursor }]
    publisher.checkpointTopic = true
    const shard = await open()
    expect(store.batches).toEqual([shard.confirmed])
    expect(shard.confirmed.token).not.toBe('unheard')
  })
})

describe('an opening that may not go on', () => {
  it('asks Kafka nothing where the lease is not held any more', async () => {
    const { open, script, store } = prepare()
    store.lease = { ...store.lease, holder: 'other' }
    await expect(open()).rejects.toMatchObject({ code: 'LEASE_LOST', details: { shard: 0 } })
    expect(script.calls).toEqual(['checkServer', 'changeToken'])
  })

  it('does not even fence where the identity differs', async () => {
    const { open, script, store } = prepareWithHistory(7)
    store.recorded = { ...identity, systemIdentifier: 'original' }
    await expect(open()).rejects.toMatchObject({ code: 'RELAY_IDENTITY_CHANGED' })
    expect(script.take('fence', 'hasCheckpointTopic')).toEqual([])
  })

  it('makes no new topic where one was lost', async () => {
    const { open, script, publisher, clock } = prepareWithHistory(7)
    publisher.checkpointTopic = false
    const lost = expect(open()).rejects.toMatchObject({
      code: 'RELAY_CHECKPOINT_LOST',
      details: { batch: 7 },
    })
    await clock.advance(10_000)
    await lost
    expect(script.take('createCheckpointTopic', 'fence')).toEqual([])
  })

  it('does not take a broker that has just come up at its word that a topic is lost', async () => {
    const { open, publisher, clock } = prepareWithHistory(7)
    publisher.checkpointTopic = false
    const opening = open()
    await clock.advance(1_000)
    publisher.checkpointTopic = true
    await clock.advance(1_000)
    expect(await opening).toMatchObject({ genesis: false, confirmed: { number: 7 } })
  })

  it('closes its producer and writes nothing where both sides disagree', async () => {
    const { open, script, publisher } = prepareWithHistory(7)
    publisher.checkpoint = { number: 8, token: 'unknown' }
    await expect(open()).rejects.toMatchObject({ code: 'RELAY_DATABASE_WENT_BACK' })
    expect(script.take('writeIdentity', 'deleteOtherBatches', 'insertBatch', 'close')).toEqual(['close'])
  })

  it.each(['readCheckpoint', 'guarded', 'begin', 'commit'])(
    'closes its producer when %s fails',
    async (call) => {
      const { open, script } = prepare()
      const error = new Error('gone')
      if (call === 'guarded') script.failNext(call, undefined, error)
      else script.failNext(call, error)
      await expect(open()).rejects.toBe(error)
      expect(script.take('close')).toEqual(['close'])
    },
  )
})
