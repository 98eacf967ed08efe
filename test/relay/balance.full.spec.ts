import { isDeepStrictEqual } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { settleAll } from './attacks.js'
import { RelayLab } from './relay-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('processes that share an outbox of several shards', () => {
  it('come to hold as many each as they join, stop and die, and lose, repeat, invent and reorder nothing', async () => {
    await using lab = await RelayLab.open(servers)
    const writers = lab.startWriters()
    const first = lab.startRelay({ shards: 4 })
    await lab.balanced([4])
    await lab.published(4)
    const second = lab.startRelay({ shards: 4 })
    await lab.balanced([2, 2])
    await lab.published(4)
    const third = lab.startRelay({ shards: 4 })
    await lab.balanced([2, 1, 1])
    // Nothing more is taken: whoever has one less has its share. A lease that has run out on a busy machine may be taken before.
    const taken = (): number[] => [first, second, third].map((relay) => relay.count('lease:taken'))
    const rests = async (): Promise<boolean> => {
      const before = taken()
      await lab.renewed()
      return isDeepStrictEqual(taken(), before)
    }
    await expect.poll(rests, { timeout: 90_000 }).toBe(true)
    await lab.balanced([2, 1, 1])

    expect(await first.stop()).toEqual({ code: 0, signal: null })
    await lab.balanced([2, 2])
    await lab.published(4)
    second.signal('SIGKILL')
    await lab.balanced([4])
    await lab.published(4)
    await settleAll(lab, writers, [third])
  }, 240_000)

  it('that cannot send takes nothing from one that can', async () => {
    await using lab = await RelayLab.open(servers)
    const writers = lab.startWriters()
    const relay = lab.startRelay({ shards: 4 })
    await lab.published(4)
    const cutOff = lab.startRelay({ shards: 4, brokers: ['127.0.0.1:1'] })
    for (const shard of [0, 1, 2, 3]) await cutOff.event('shard:changed', { shard, state: 'standby' })
    await lab.renewed()
    expect(cutOff.count('lease:taken', { stolen: true })).toBe(0)
    cutOff.signal('SIGKILL')
    await settleAll(lab, writers, [relay])
  }, 240_000)

  it('that is paused in the middle of a batch wakes up to find it taken', async () => {
    await using lab = await RelayLab.open(servers)
    const writers = lab.startWriters()
    const paused = lab.startRelay({
      shards: 4,
      fault: { point: 'producer.commit:before', occurrence: 20, signal: 'SIGSTOP' },
    })
    await paused.reached()
    const thief = lab.startRelay({ shards: 4 })
    // From who has it, or once it has run out, whichever comes first.
    await thief.event('lease:taken')
    await lab.published(4)
    paused.signal('SIGCONT')
    await lab.balanced([2, 2])
    await lab.published(4)
    await settleAll(lab, writers, [paused, thief])
  }, 240_000)
})
