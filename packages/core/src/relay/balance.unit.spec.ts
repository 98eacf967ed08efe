import { describe, expect, it } from 'vitest'
import { CallScript } from '../ports/call-script.fake.js'
import { ManualClock, settle } from '../ports/manual-clock.fake.js'
import type { HeldShard } from '../ports/shard-map.js'
import { Balance, type BalancedShard, dueTheft } from './balance.js'
import { ScriptedPublisher } from './scripted-publisher.fake.js'

const renewMs = 2_000
const leaseMs = 10_000

/** Shard after shard: who holds it, or `-` where nobody does. */
function mapOf(holders: string): HeldShard[] {
  return [...holders].map((holder, shard) => ({
    shard,
    buckets: { first: shard, last: shard },
    holder: holder === '-' ? null : holder,
  }))
}

describe('a shard is taken', () => {
  it.each([
    ['from who has all', 'aaaa', 3],
    ['from who has two more', 'aaab', 2],
    ['from who has most', 'aabbbb', 5],
    ['by who has some from who has two more', 'aaamm', undefined],
    ['by who has one from who has three', 'aaam', 2],
    ['where nobody is two ahead', 'aabb-mm', undefined],
    ['where one is alone', 'mmm', undefined],
    ['where each has one', 'abc', undefined],
    ['where nobody has any', '---', undefined],
  ])('%s: %s', (_, holders, shard) => {
    expect(dueTheft(mapOf(holders), 'm')?.shard).toBe(shard)
  })

  it('but none that is retired, and those do not count', () => {
    const map = mapOf('aaa').map((held) => (held.shard === 2 ? { ...held, buckets: null } : held))
    expect(dueTheft(map, 'm')).toEqual({ shard: 1, holder: 'a' })
    expect(dueTheft(map.slice(1), 'm')).toBeUndefined()
  })

  it('until no two processes are more than one apart, whoever looks when', () => {
    for (let processes = 1; processes <= 6; processes++) {
      const map = mapOf('a'.repeat(16))
      const names = [...'abcdef'].slice(0, processes)
      let thefts = 0
      for (let looks = 0; looks < 200; looks++) {
        const thief = names[(looks * 7 + (looks % 3)) % processes] as string
        const theft = dueTheft(map, thief)
        if (!theft) continue
        thefts += 1
        map[theft.shard] = { ...(map[theft.shard] as HeldShard), holder: thief }
      }
      const counts = names.map((name) => map.filter(({ holder }) => holder === name).length)
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      expect(thefts).toBeLessThanOrEqual(16)
    }
  })
})

function openBalance() {
  const script = new CallScript()
  const clock = new ManualClock()
  const publisher = new ScriptedPublisher(script)
  const balance = new Balance({ name: 'orders', clock, publisher, renewMs, leaseMs }, 'm')
  const stolen: string[] = []
  const shards = Array.from({ length: 4 }, (_, number) => ({
    number,
    state: 'standby' as BalancedShard['state'],
    leads: false,
    hasSent: false,
    stealFrom: (holder: string) => void stolen.push(`${number} from ${holder}`),
  }))
  const look = (holders: string): Promise<void> => balance.look(mapOf(holders), shards)
  const last = shards[3] as (typeof shards)[number]
  return { script, clock, balance, stolen, shards, last, look }
}

describe('a balance', () => {
  it('takes one shard, and the next when that one publishes', async () => {
    const { look, stolen, last } = openBalance()
    await look('aaaa')
    Object.assign(last, { state: 'opening', leads: true })
    await look('aaam')
    expect(stolen).toEqual(['3 from a'])
    last.state = 'publishing'
    await look('aaam')
    expect(stolen).toEqual(['3 from a', '2 from a'])
  })

  it.each(['waiting', 'opening', 'halted', 'stopped'] as const)(
    'takes nothing while a shard of its own is %s',
    async (state) => {
      const { look, stolen, shards } = openBalance()
      Object.assign(shards[0] as object, { state })
      await look('aaaa')
      expect(stolen).toEqual([])
    },
  )

  it('takes nothing while the broker does not answer, and asks once at a time', async () => {
    const { look, stolen, script } = openBalance()
    script.failNext('connect', new Error('connection refused'))
    await look('aaaa')
    const answer = script.hold('connect')
    const looks = [look('aaaa'), look('aaaa')]
    await settle()
    expect({ stolen, asked: script.take('connect').length }).toEqual({ stolen: [], asked: 2 })
    answer()
    await Promise.all(looks)
    expect(stolen).toEqual(['3 from a'])
  })

  it('takes nothing once it has ended, also where it had asked before', async () => {
    const { look, stolen, script, balance } = openBalance()
    const answer = script.hold('connect')
    const looking = look('aaaa')
    await settle()
    balance.end()
    answer()
    await looking
    await look('aaaa')
    expect(stolen).toEqual([])
  })

  it('rests longer and longer after what it could not open, up to 64 leases, and is as before when it could', async () => {
    const { look, stolen, clock, last } = openBalance()
    const times: number[] = []
    while (times.length < 12) {
      const before = stolen.length
      await look('aaaa')
      if (stolen.length > before) times.push(clock.now())
      await clock.advance(renewMs)
    }
    // A failure is seen at the look behind the theft, and the rest begins there.
    const rests = times.slice(1).map((time, i) => time - (times[i] as number) - renewMs)
    expect(rests.slice(0, 3)).toEqual([2 * renewMs, 4 * renewMs, 8 * renewMs])
    expect(rests.at(-1)).toBe(64 * leaseMs)
    Object.assign(last, { state: 'publishing', leads: true, hasSent: true })
    await look('aaam')
    expect(stolen.at(-1)).toBe('2 from a')
    stolen.length = 0
    Object.assign(last, { state: 'standby', leads: false })
    await clock.advance(renewMs)
    await look('aaaa')
    await clock.advance(2 * renewMs)
    await look('aaaa')
    expect(stolen).toEqual(['3 from a'])
  })

  it('rests longer and longer, too, where what it takes can be opened and is given back without having sent', async () => {
    const { look, stolen, clock, last } = openBalance()
    const times: number[] = []
    while (times.length < 4) {
      const before = stolen.length
      await look('aaaa')
      if (stolen.length > before) {
        times.push(clock.now())
        Object.assign(last, { state: 'publishing', leads: true })
        await clock.advance(renewMs)
        await look('aabm')
        Object.assign(last, { state: 'standby', leads: false })
      }
      await clock.advance(renewMs)
    }
    const rests = times.slice(1).map((time, i) => time - (times[i] as number) - 2 * renewMs)
    expect(rests).toEqual([2 * renewMs, 4 * renewMs, 8 * renewMs])
  })

  it('holds nothing against a shard that it has led for three leases without a message', async () => {
    const { look, stolen, clock, last } = openBalance()
    await look('aaaa')
    Object.assign(last, { state: 'publishing', leads: true })
    await clock.advance(3 * leaseMs)
    await look('aabm')
    Object.assign(last, { state: 'standby', leads: false })
    await look('aaaa')
    expect(stolen).toEqual(['3 from a', '3 from a'])
  })
})
