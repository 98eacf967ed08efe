import type { OutboxStatus } from '@pigeonhole/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { pendingMessages, withProgress } from './with-progress.js'

const status = (pending: number): OutboxStatus => ({
  identity: null,
  shards: [],
  pending,
  oldestAgeSeconds: null,
  parking: { messages: 0, keys: 0, pausedTopics: [] } as unknown as OutboxStatus['parking'],
})

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<T>((...both) => {
    ;[resolve, reject] = both
  })
  return { promise, resolve, reject }
}

describe('progress', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function follow(readStatus: () => Promise<OutboxStatus>) {
    const lines: string[] = []
    const doing: { now: string | undefined } = { now: 'dividing' }
    const work = deferred<string>()
    const describeIt = (found: OutboxStatus): string | undefined =>
      doing.now && `${doing.now}: ${pendingMessages(found)}`
    const done = withProgress(
      { store: { readStatus }, warn: (line) => void lines.push(line), describe: describeIt },
      () => work.promise,
    )
    return { lines, doing, work, done }
  }

  it('is told every 2 s, where it has changed, and resolves to what the work does', async () => {
    const counts = [3, 3, 1, 0]
    const { lines, work, done } = follow(async () => status(counts.shift() ?? 0))
    await vi.advanceTimersByTimeAsync(8_000)
    expect(lines).toEqual([
      'dividing: 3 messages pending\n',
      'dividing: 1 message pending\n',
      'dividing: 0 messages pending\n',
    ])
    work.resolve('divided')
    expect(await done).toBe('divided')
    await vi.advanceTimersByTimeAsync(8_000)
    expect(lines).toHaveLength(3)
  })

  it('is silent about work that is short, while there is nothing to tell, and behind its end', async () => {
    const answer = deferred<OutboxStatus>()
    const { lines, doing, work, done } = follow(() => answer.promise)
    doing.now = undefined
    await vi.advanceTimersByTimeAsync(2_000)
    doing.now = 'dividing'
    work.resolve('')
    await done
    answer.resolve(status(1))
    await vi.advanceTimersByTimeAsync(2_000)
    expect(lines).toEqual([])
  })

  it('leaves it to the work to tell of a database that is away', async () => {
    const { lines, work, done } = follow(async () => Promise.reject(new Error('away')))
    await vi.advanceTimersByTimeAsync(4_000)
    work.reject(new Error('the database is away'))
    await expect(done).rejects.toThrow('the database is away')
    expect(lines).toEqual([])
  })
})
