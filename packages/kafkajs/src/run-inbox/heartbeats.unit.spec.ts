import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Heartbeats } from './heartbeats.js'
import type { ConsumerGroup, Runner } from './kafkajs-runner.js'

const refused = (type: string): Error => Object.assign(new Error(type), { type })

describe('Heartbeats', () => {
  let beats: number
  let answer: () => Promise<void>
  let told: string[]
  let heartbeats: Heartbeats

  beforeEach(() => {
    vi.useFakeTimers()
    beats = 0
    answer = async () => undefined
    told = []
    const runner: Runner = {
      eachBatch: async () => undefined,
      handleBatch: async () => undefined,
      heartbeat: () => {
        beats += 1
        return answer()
      },
      heartbeatInterval: 100,
      consumerGroup: { sessionTimeout: 1_000 } as ConsumerGroup,
    }
    const clock = { now: () => Date.now(), sleep: async () => undefined }
    const listener = {
      rebalancing: () => told.push('rebalancing'),
      expelled: (error: unknown) => told.push(`expelled: ${(error as Error).message}`),
    }
    heartbeats = new Heartbeats(runner, clock, {
      rebalancing: () => void listener.rebalancing(),
      expelled: (error) => void listener.expelled(error),
    })
  })
  afterEach(() => vi.useRealTimers())

  it('are sent while kafkajs waits, and only then', async () => {
    await vi.advanceTimersByTimeAsync(1_000)
    expect(beats).toBe(0)
    const { work, end } = longWork()
    const first = heartbeats.during(work)
    const second = heartbeats.during(Promise.resolve())
    await second
    await vi.advanceTimersByTimeAsync(200)
    expect(beats).toBe(4)
    end()
    await first
    await vi.advanceTimersByTimeAsync(1_000)
    expect(beats).toBe(4)
  })

  it.each(['REBALANCE_IN_PROGRESS', 'NOT_COORDINATOR_FOR_GROUP'])('tell of a rebalance: %s', async (type) => {
    answer = () => Promise.reject(refused(type))
    void heartbeats.during(longWork().work)
    await vi.advanceTimersByTimeAsync(50)
    expect(told).toEqual(['rebalancing'])
  })

  it.each(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'])('tell of an expulsion: %s', async (type) => {
    answer = () => Promise.reject(refused(type))
    void heartbeats.during(longWork().work)
    await vi.advanceTimersByTimeAsync(50)
    expect(told).toEqual([`expelled: ${type}`])
  })

  it('take a member for expelled that has not reached the group for its session timeout', async () => {
    answer = () => Promise.reject(new Error('not connected'))
    void heartbeats.during(longWork().work)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(told).toEqual([])
    await vi.advanceTimersByTimeAsync(50)
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('session timeout')
  })

  it('take a member for expelled whose broker has stopped answering', async () => {
    answer = () => new Promise(() => undefined)
    void heartbeats.during(longWork().work)
    await vi.advanceTimersByTimeAsync(1_050)
    expect(told).toHaveLength(1)
  })

  it('do not count the time for which kafkajs itself kept the member alive', async () => {
    await vi.advanceTimersByTimeAsync(60_000)
    void heartbeats.during(longWork().work)
    await vi.advanceTimersByTimeAsync(500)
    expect(told).toEqual([])
  })
})

function longWork(): { work: Promise<void>; end: () => void } {
  let end: () => void = () => undefined
  const work = new Promise<void>((resolve) => {
    end = resolve
  })
  return { work, end: () => end() }
}
