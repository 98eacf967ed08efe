import { describe, expect, it } from 'vitest'
import { Deadline } from './deadline.js'

const never = new Promise<never>(() => undefined)
const late = (): Error => new Error('late')

describe('Deadline', () => {
  it('settles as the work does', async () => {
    const deadline = new Deadline(60_000)
    await expect(deadline.race(Promise.resolve(1), late)).resolves.toBe(1)
    await expect(deadline.race(Promise.reject(new Error('own')), late)).rejects.toThrow('own')
    expect(deadline.passed).toBe(false)
  })

  it('rejects work that takes longer', async () => {
    const deadline = new Deadline(5)
    await expect(deadline.race(never, late)).rejects.toThrow('late')
    expect(deadline.passed).toBe(true)
  })

  it('ends with its signal, before and while it waits', async () => {
    const controller = new AbortController()
    const deadline = new Deadline(60_000, controller.signal)
    const racing = deadline.race(never, late)
    const pausing = deadline.pause(60_000)
    controller.abort()
    await expect(racing).rejects.toThrow('late')
    await pausing
    await expect(deadline.race(never, late)).rejects.toThrow('late')
    await deadline.pause(60_000)
    expect(deadline.passed).toBe(true)
  })

  it('does not pause beyond itself', async () => {
    const deadline = new Deadline(5)
    await deadline.pause(60_000)
    expect(deadline.passed).toBe(true)
  })

  it('leaves no timer and no listener behind', async () => {
    const { signal } = new AbortController()
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    await new Deadline(60_000, signal).race(Promise.resolve(), late)
    expect(timers()).toBe(before)
  })
})
