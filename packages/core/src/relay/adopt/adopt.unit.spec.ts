import { describe, expect, it } from 'vitest'
import { PigeonholeError } from '../../errors/pigeonhole-error.js'
import type { LogVerdict, UnsettledMessage } from '../../ports/adoption.js'
import { CallScript } from '../../ports/call-script.fake.js'
import { ManualClock } from '../../ports/manual-clock.fake.js'
import { originCursor } from '../../ports/relay-store.js'
import { ScriptedPublisher } from '../scripted-publisher.fake.js'
import { ScriptedRelayStore } from '../scripted-relay-store.fake.js'
import { type Adoption, adopt } from './adopt.js'
import type { AdoptOptions } from './adopt-options.js'

const identity = { relay: 'orders', clusterId: 'cluster', systemIdentifier: 'system' }
const cursorOf = (number: number) => ({ ...originCursor, from: `${number}:${number}:` })

/** A shard of which Kafka has batch 7 last, and PostgreSQL batches 6 and 7. */
function prepare() {
  const script = new CallScript()
  const store = new ScriptedRelayStore(script)
  const publisher = new ScriptedPublisher(script)
  store.lease = { holder: 'a relay', token: 'old', renewal: 1, confirmed: 6 }
  store.recorded = identity
  store.batches = [6, 7].map((number) => ({
    number,
    token: `t${number}`,
    parent: `t${number - 1}`,
    cursor: cursorOf(number),
  }))
  publisher.checkpointTopic = true
  publisher.checkpoint = { number: 7, token: 't7' }
  const run = (over: Partial<AdoptOptions> = {}): Promise<Adoption> =>
    adopt({ name: 'orders', store, publisher, confirm: () => true, clock: new ManualClock(), ...over })
  return { script, store, publisher, run }
}

function unsettled(seq: number, covered = false): UnsettledMessage {
  const id = `id-${seq}`
  return {
    seq: String(seq),
    id,
    topic: 'orders',
    key: null,
    partition: null,
    isTombstone: false,
    createdAt: 0,
    covered,
  }
}

/** What the log says of messages by their seq. */
function verdicts(given: Readonly<Record<number, LogVerdict>>): Map<string, LogVerdict> {
  return new Map(Object.entries(given).map(([seq, verdict]) => [`id-${seq}`, verdict]))
}

describe('adopt', () => {
  it('asks and changes nothing where both sides agree', async () => {
    const { run, store, script, publisher } = prepare()
    const { outcome, report } = await run({ confirm: () => expect.unreachable() })
    expect(outcome).toBe('agreed')
    expect(report.shards).toMatchObject([{ shard: 0, divergence: null, outbox: null }])
    expect(store.batches.map(({ number }) => number)).toEqual([6, 7])
    expect(publisher.checkpoint).toEqual({ number: 7, token: 't7' })
    expect(script.take('replaceBatches', 'writeIdentity', 'deleteMessages')).toEqual([])
    expect(store.lease.holder).toBeNull()
  })

  it('shows both sides and changes nothing when it is told not to', async () => {
    const { run, store, publisher } = prepare()
    publisher.checkpoint = { number: 9, token: 't9' }
    store.unsettled = [unsettled(1), unsettled(2), unsettled(3, true), unsettled(4)]
    publisher.verdicts = verdicts({ 1: 'logged', 2: 'absent' })
    const { outcome, report } = await run({ confirm: () => false })
    expect(outcome).toBe('declined')
    expect(report).toMatchObject({ recorded: identity, found: identity, keepCursor: false })
    expect(report.shards).toEqual([
      {
        shard: 0,
        divergence: {
          code: 'RELAY_DATABASE_WENT_BACK',
          message: expect.stringContaining('committed batch 9'),
        },
        confirmed: 6,
        batches: [6, 7],
        checkpoint: { number: 9, token: 't9' },
        xidAhead: null,
        serverXid: '1000',
        outbox: {
          logged: 1,
          absent: 1,
          coveredByCursor: 1,
          beyondCursor: 1,
          superseded: 0,
          undecided: 0,
          parkedLogged: 0,
        },
      },
    ])
    expect(store.unsettled).toHaveLength(4)
    expect(store.batches).toHaveLength(2)
    expect(store.lease.holder).toBeNull()
  })

  it('deletes what was sent, puts the rest behind a snapshot from before, and agrees with Kafka on a higher batch', async () => {
    const { run, store, publisher, script } = prepare()
    publisher.checkpoint = { number: 9, token: 't9' }
    store.unsettled = [unsettled(1), unsettled(2), unsettled(3, true), unsettled(4)]
    publisher.verdicts = verdicts({ 1: 'logged', 2: 'absent' })
    const { outcome, adopted } = await run()
    expect({ outcome, adopted }).toEqual({ outcome: 'adopted', adopted: [{ shard: 0, batch: 10 }] })
    expect(store.unsettled.map(({ seq }) => seq)).toEqual(['2', '4'])
    expect(store.batches).toEqual([
      { number: 10, token: publisher.checkpoint?.token, parent: null, cursor: cursorOf(1) },
    ])
    expect(publisher.checkpoint?.number).toBe(10)
    expect(store.lease).toMatchObject({ holder: null, confirmed: 10 })
    const order = [
      'deleteMessages',
      'readSnapshot',
      'renumberMessages',
      'replaceBatches',
      'commit',
      'writeIdentity',
    ]
    expect(script.take(...order)).toEqual([
      'deleteMessages 1,3',
      'readSnapshot guarded',
      'renumberMessages',
      'replaceBatches 10',
      'commit 10',
      'writeIdentity',
    ])
  })

  it('settles every producer before it believes the log', async () => {
    const { run, store, publisher, script } = prepare()
    publisher.checkpoint = { number: 9, token: 't9' }
    store.unsettled = [unsettled(1)]
    await run({ confirm: () => false })
    const order = script.take('changeToken', 'fence', 'readCheckpoint', 'locate')
    expect(order).toEqual(['changeToken', 'fence 0', 'readCheckpoint', 'locate 1'])
  })

  it('fences again what a relay fenced that was opening the shard, and not for ever', async () => {
    const { run, publisher, script } = prepare()
    publisher.checkpoint = { number: 9, token: 't9' }
    const fenced = new PigeonholeError('PRODUCER_FENCED', { message: 'fenced', details: { shard: 0 } })
    script.failNext('readCheckpoint', fenced)
    script.failNext('readCheckpoint', fenced)
    expect((await run({ confirm: () => false })).report.shards).toMatchObject([{ checkpoint: { number: 9 } }])
    expect(script.take('fence', 'close')).toEqual([
      'fence 0',
      'close',
      'fence 0',
      'close',
      'fence 0',
      'close',
    ])
    for (let times = 0; times < 4; times++) script.failNext('readCheckpoint', fenced)
    await expect(run({ confirm: () => false })).rejects.toBe(fenced)
    expect(script.take('fence', 'close')).toHaveLength(8)
  })

  it('asks the log for a bounded number of messages at a time', async () => {
    const { run, store, publisher, script } = prepare()
    publisher.checkpoint = { number: 9, token: 't9' }
    store.unsettled = Array.from({ length: 200_001 }, (_, i) => unsettled(i + 1))
    publisher.verdicts = verdicts({ 1: 'logged', 150000: 'logged', 200001: 'logged' })
    const { report } = await run({ confirm: () => false })
    expect(script.take('locate')).toEqual(['locate 100000', 'locate 100000', 'locate 1'])
    expect(report.shards[0]?.outbox).toMatchObject({ logged: 3, beyondCursor: 199_998 })
  })

  it.each([
    ['confirmed', { confirmed: 30, checkpoint: 9 }, 31],
    ['a batch', { confirmed: 6, checkpoint: 3 }, 8],
    ['the checkpoint', { confirmed: 6, checkpoint: 40 }, 41],
  ])('numbers above %s', async (_, { confirmed, checkpoint }, expected) => {
    const { run, store, publisher } = prepare()
    store.lease = { ...store.lease, confirmed }
    publisher.checkpoint = { number: checkpoint, token: 'unknown' }
    expect((await run()).adopted).toEqual([{ shard: 0, batch: expected }])
  })

  it('goes by the cursor of the batch that Kafka names, else by that of the confirmed one', async () => {
    const { run, store, publisher, script } = prepare()
    store.recorded = { ...identity, systemIdentifier: 'original' }
    await run({ confirm: () => false })
    expect(script.take('readUnsettled')).toEqual(['readUnsettled 7:7: copied'])
    store.recorded = identity
    publisher.checkpoint = { number: 9, token: 't9' }
    await run({ confirm: () => false })
    expect(script.take('readUnsettled')).toEqual(['readUnsettled 6:6:'])
  })

  it('does not take a message for unsent that another cluster has', async () => {
    const { run, store, publisher } = prepare()
    store.recorded = { ...identity, clusterId: 'former' }
    publisher.checkpoint = undefined
    store.unsettled = [unsettled(1, true), unsettled(2)]
    publisher.verdicts = verdicts({ 1: 'absent', 2: 'absent' })
    const { report } = await run()
    expect(report.shards[0]?.outbox).toMatchObject({ absent: 0, coveredByCursor: 1, beyondCursor: 1 })
    expect(store.unsettled.map(({ seq }) => seq)).toEqual(['2'])
    expect(store.recorded.clusterId).toBe('cluster')
  })

  describe('of a compacted topic', () => {
    function prepareCompacted() {
      const prepared = prepare()
      prepared.publisher.checkpoint = { number: 9, token: 't9' }
      prepared.store.unsettled = [unsettled(1), unsettled(2), unsettled(3, true)]
      prepared.publisher.verdicts = verdicts({ 1: 'superseded', 2: 'hidden', 3: 'hidden' })
      return prepared
    }

    it('changes nothing, and asks what becomes of messages that neither log nor cursor can tell of', async () => {
      const { run, store } = prepareCompacted()
      const { outcome, report } = await run({ confirm: () => expect.unreachable() })
      expect(outcome).toBe('undecided')
      expect(report.shards[0]?.outbox).toMatchObject({ superseded: 1, undecided: 1, coveredByCursor: 1 })
      expect(store.unsettled).toHaveLength(3)
      expect(store.batches).toHaveLength(2)
    })

    it.each([
      ['send', ['2']],
      ['drop', []],
    ] as const)('%ss them where it is told to', async (undecided, left) => {
      const { run, store } = prepareCompacted()
      expect((await run({ undecided })).outcome).toBe('adopted')
      expect(store.unsettled.map(({ seq }) => seq)).toEqual(left)
    })

    it('changes nothing where the log was compacted while it asked', async () => {
      const { run, store, publisher } = prepareCompacted()
      publisher.verdicts = verdicts({ 1: 'logged', 2: 'absent' })
      const confirm = () => {
        publisher.verdicts = verdicts({ 1: 'superseded', 2: 'hidden' })
        return true
      }
      await expect(run({ confirm })).rejects.toMatchObject({ details: { option: 'undecided' } })
      expect(store.unsettled).toHaveLength(3)
    })

    it('refuses another fate', async () => {
      const { run } = prepareCompacted()
      const refused = run({ undecided: 'keep' as 'send' })
      await expect(refused).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    })
  })

  it('makes the checkpoint topic where it is lost, once it is told to', async () => {
    const { run, publisher, script } = prepare()
    publisher.checkpointTopic = false
    publisher.checkpoint = undefined
    const { report } = await run({ confirm: () => false })
    expect(report.shards[0]?.divergence?.code).toBe('RELAY_CHECKPOINT_LOST')
    expect(script.take('createCheckpointTopic')).toEqual([])
    expect((await run()).adopted).toEqual([{ shard: 0, batch: 8 }])
    expect(script.take('createCheckpointTopic')).toEqual(['createCheckpointTopic 1'])
  })

  it('stops where the checkpoint moves while it asks: the original is at work', async () => {
    const { run, store, publisher } = prepare()
    publisher.checkpoint = { number: 9, token: 't9' }
    const confirm = () => {
      publisher.checkpoint = { number: 10, token: 't10' }
      return true
    }
    await expect(run({ confirm })).rejects.toMatchObject({ code: 'PRODUCER_FENCED' })
    expect(store.batches).toHaveLength(2)
    expect(store.lease.holder).toBeNull()
  })

  it('leaves the identity as it was until the batch is in Kafka, so that it is run again after a crash', async () => {
    const { run, store, script } = prepare()
    store.recorded = { ...identity, systemIdentifier: 'original' }
    script.failNext('commit', new Error('killed'))
    await expect(run()).rejects.toThrow('killed')
    expect(store.recorded.systemIdentifier).toBe('original')
    expect((await run()).adopted).toEqual([{ shard: 0, batch: 9 }])
    expect(store.recorded).toEqual(identity)
  })

  it('gives up no shard before the identity is written', async () => {
    const { run, store, script } = prepare()
    store.recorded = { ...identity, systemIdentifier: 'original' }
    store.map = [
      { shard: 0, buckets: { first: 0, last: 127 } },
      { shard: 1, buckets: { first: 128, last: 255 } },
    ]
    await run({ keepCursor: true, confirm: () => script.take().length === 0 })
    const order = script.take('seizeLease', 'writeIdentity', 'releaseLease')
    expect(order).toEqual(['seizeLease', 'seizeLease', 'writeIdentity', 'releaseLease', 'releaseLease'])
  })

  it('deletes a parked message that is in the log', async () => {
    const { run, store, publisher } = prepare()
    publisher.checkpoint = { number: 9, token: 't9' }
    const { seq: _, covered: __, ...parked } = unsettled(1)
    store.parkedOut = [1, 2].map((n) => ({ ...parked, id: `id-${n}`, parkedId: `parked-${n}` }))
    publisher.verdicts = verdicts({ 1: 'logged' })
    expect((await run()).report.shards[0]?.outbox?.parkedLogged).toBe(1)
    expect(store.parkedOut.map(({ parkedId }) => parkedId)).toEqual(['parked-2'])
  })

  describe('that keeps the cursor', () => {
    it('changes the identity and nothing else', async () => {
      const { run, store, publisher, script } = prepare()
      store.recorded = { ...identity, systemIdentifier: 'before the upgrade' }
      const { adopted } = await run({ keepCursor: true })
      expect(adopted).toEqual([{ shard: 0, batch: 7 }])
      expect(store.recorded).toEqual(identity)
      expect(store.batches.map(({ number }) => number)).toEqual([6, 7])
      expect(publisher.checkpoint).toEqual({ number: 7, token: 't7' })
      expect(script.take('locate', 'renumberMessages', 'begin')).toEqual([])
    })

    it('refuses where more than the identity has changed', async () => {
      const { run, store, publisher } = prepare()
      store.recorded = { ...identity, systemIdentifier: 'before' }
      publisher.checkpoint = { number: 9, token: 't9' }
      await expect(run({ keepCursor: true })).rejects.toMatchObject({ code: 'RELAY_DATABASE_WENT_BACK' })
      publisher.checkpoint = { number: 7, token: 't7' }
      store.xidAhead = '5000'
      await expect(run({ keepCursor: true })).rejects.toMatchObject({ code: 'RELAY_XID_AHEAD' })
      expect(store.recorded.systemIdentifier).toBe('before')
    })
  })

  it('takes the lease again when another process takes it before it is guarded', async () => {
    const { run, store, script } = prepare()
    const release = script.hold('changeToken')
    const running = run()
    await expect.poll(() => script.calls).toContain('changeToken')
    await store.seizeLease({ shard: 0, holder: 'another' })
    release()
    expect((await running).outcome).toBe('agreed')
  })

  it('looks at retired shards, too: they may come back', async () => {
    const { run, store } = prepare()
    store.map = [
      { shard: 0, buckets: { first: 0, last: 255 } },
      { shard: 1, buckets: null },
    ]
    expect((await run()).report.shards.map(({ shard }) => shard)).toEqual([0, 1])
  })

  it('says what its options take', async () => {
    const { run } = prepare()
    await expect(run({ name: '' })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await expect(run({ confirm: undefined as never })).rejects.toThrow(/confirm/)
  })
})
