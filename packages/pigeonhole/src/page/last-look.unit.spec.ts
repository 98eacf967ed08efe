import { PigeonholeError } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import type { Found } from './browser/page-state.js'
import { LastLook } from './last-look.js'

const found: Found = {
  at: 1,
  pending: 0,
  oldestAgeSeconds: null,
  faults: [],
  sent: 0,
  shards: [],
  errors: [],
  holder: '',
  parked: [],
  moreParked: 0,
  positions: [],
}

describe('the last look', () => {
  it('is one at a time, however many ask', async () => {
    let looks = 0
    let resolve = (_: Found) => {}
    const last = new LastLook(() => {
      looks++
      return new Promise((done) => {
        resolve = done
      })
    }, 1_000)
    const asked = [last.refresh(), last.refresh()]
    resolve(found)
    await Promise.all(asked)
    expect(looks).toBe(1)
    expect(last).toMatchObject({ found, failure: null })
  })

  it('keeps the error of a look that failed, without the text of a foreign one', async () => {
    const unavailable = new PigeonholeError('STORE_UNAVAILABLE', { message: 'gone', details: {} })
    const last = new LastLook(() => Promise.reject(unavailable), 1_000)
    await last.refresh()
    expect(last.failure).toEqual({
      code: 'STORE_UNAVAILABLE',
      message: 'gone',
      remedy: 'see docs/errors.md#store_unavailable',
    })
    const foreign = new LastLook(() => Promise.reject(new Error('password=hunter2')), 1_000)
    await foreign.refresh()
    expect(JSON.stringify(foreign.failure)).not.toContain('hunter2')
  })
})
