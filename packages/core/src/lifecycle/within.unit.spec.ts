import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { ManualClock } from '../ports/manual-clock.fake.js'
import { within } from './within.js'

const never = new Promise<never>(() => undefined)
const late = (): Error => new Error('late')

it('settles as the promise does, and sleeps no longer than that', async () => {
  const clock = new ManualClock()
  const { signal } = new AbortController()
  const error = new Error('mine')
  const patience = { clock, ms: 10, signal, late }
  expect(await within(Promise.resolve(1), patience)).toBe(1)
  await expect(within(Promise.reject(error), patience)).rejects.toBe(error)
  expect(clock.sleeping).toBe(0)
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

it('rejects when the time is over, and not before', async () => {
  const clock = new ManualClock()
  const { signal } = new AbortController()
  let error: unknown
  void within(never, { clock, ms: 10, signal, late }).catch((reason: unknown) => {
    error = reason
  })
  await clock.advance(9)
  expect(error).toBeUndefined()
  await clock.advance(1)
  expect(error).toEqual(late())
})

it('rejects with the reason as soon as the signal aborts', async () => {
  const clock = new ManualClock()
  const controller = new AbortController()
  const waiting = within(never, { clock, ms: 10, signal: controller.signal, late })
  controller.abort('enough')
  await expect(waiting).rejects.toBe('enough')
  expect(clock.sleeping).toBe(0)
})
