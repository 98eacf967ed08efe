import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { linkAbort } from './linked-abort.js'

describe('linkAbort', () => {
  it('aborts when its source does, with its reason', () => {
    const source = new AbortController()
    const { signal } = linkAbort(source.signal)
    expect(signal.aborted).toBe(false)
    source.abort('enough')
    expect(signal).toMatchObject({ aborted: true, reason: 'enough' })
  })

  it('is aborted where its source is already', () => {
    expect(linkAbort(AbortSignal.abort('before')).signal.reason).toBe('before')
  })

  it('aborts by itself, and its source lives on', () => {
    const source = new AbortController()
    const { signal, abort } = linkAbort(source.signal)
    abort()
    expect([signal.aborted, source.signal.aborted]).toEqual([true, false])
  })

  it('leaves nothing behind on its source once it is unlinked', () => {
    const source = new AbortController()
    const { signal, unlink } = linkAbort(source.signal)
    unlink()
    expect(getEventListeners(source.signal, 'abort')).toEqual([])
    source.abort()
    expect(signal.aborted).toBe(false)
  })
})
