import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { untilAborted } from './until-aborted.js'

const never = new Promise<never>(() => undefined)

describe('untilAborted', () => {
  it('settles as the promise does', async () => {
    const { signal } = new AbortController()
    const error = new Error('mine')
    expect(await untilAborted(Promise.resolve(1), signal)).toBe(1)
    await expect(untilAborted(Promise.reject(error), signal)).rejects.toBe(error)
  })

  it('rejects with the reason as soon as the signal aborts', async () => {
    const controller = new AbortController()
    const waiting = untilAborted(never, controller.signal)
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
  })

  it('rejects at once where the signal has aborted, and contains what the promise rejects with', async () => {
    const failing = Promise.reject(new Error('late'))
    await expect(untilAborted(failing, AbortSignal.abort('before'))).rejects.toBe('before')
  })

  it('leaves no listener behind', async () => {
    const { signal } = new AbortController()
    await untilAborted(Promise.resolve(1), signal)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
