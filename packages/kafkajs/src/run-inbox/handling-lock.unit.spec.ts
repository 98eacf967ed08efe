import { describe, expect, it } from 'vitest'
import { HandlingLock } from './handling-lock.js'
import { settle } from './manual-clock.fake.js'

describe('HandlingLock', () => {
  const begin = () => {
    const lock = new HandlingLock()
    const log: string[] = []
    const ends = new Map<string, () => void>()
    const work = (name: string) => async (): Promise<void> => {
      log.push(`${name} begins`)
      await new Promise<void>((resolve) => ends.set(name, resolve))
      log.push(`${name} ends`)
      if (name.startsWith('bad')) throw new Error(name)
    }
    const end = async (name: string): Promise<void> => {
      ends.get(name)?.()
      await settle()
    }
    return { lock, log, work, end }
  }

  it('lets all handle beside each other while none is alone', async () => {
    const { lock, log, work } = begin()
    void lock.shared(work('a'))
    void lock.shared(work('b'))
    await settle()
    expect(log).toEqual(['a begins', 'b begins'])
  })

  it('gives the process to one alone: after those before it, before those behind it', async () => {
    const { lock, log, work, end } = begin()
    void lock.shared(work('a'))
    void lock.shared(work('b'))
    void lock.alone(work('careful'))
    void lock.shared(work('c'))
    await settle()
    await end('a')
    expect(log).toEqual(['a begins', 'b begins', 'a ends'])
    await end('b')
    expect(log.slice(3)).toEqual(['b ends', 'careful begins'])
    await end('careful')
    expect(log.slice(5)).toEqual(['careful ends', 'c begins'])
  })

  it('lets two that want to be alone take turns, whatever becomes of the first', async () => {
    const { lock, log, work, end } = begin()
    const first = lock.alone(work('bad first'))
    void lock.alone(work('second'))
    const shared = lock.shared(work('c'))
    await settle()
    expect(log).toEqual(['bad first begins'])
    const rejected = expect(first).rejects.toThrow('bad first')
    await end('bad first')
    await rejected
    expect(log.slice(1)).toEqual(['bad first ends', 'second begins'])
    await end('second')
    await end('c')
    await shared
    expect(log.slice(3)).toEqual(['second ends', 'c begins', 'c ends'])
  })
})
