import { getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { ManualClock, settle } from '../ports/manual-clock.fake.js'
import { Poll } from './poll.js'

function openPoll() {
  const clock = new ManualClock()
  return { clock, poll: new Poll({ clock, pollMs: 20, idlePollMs: 200 }) }
}

/** The length of the pause that begins now. */
async function pauseLength(poll: Poll, clock: ManualClock): Promise<number> {
  const started = clock.now()
  let ended: number | undefined
  const pause = poll.pause(new AbortController().signal).then(() => {
    ended = clock.now()
  })
  await clock.advance(1_000)
  await pause
  return (ended ?? Number.NaN) - started
}

describe('Poll', () => {
  it('stays short for a while, then doubles its pause up to the idle one', async () => {
    const { poll, clock } = openPoll()
    const pauses: number[] = []
    for (let i = 0; i < 13; i++) pauses.push(await pauseLength(poll, clock))
    expect(pauses).toEqual([20, 20, 20, 20, 20, 20, 20, 20, 40, 80, 160, 200, 200])
  })

  it('is quiet when its pauses have grown', async () => {
    const { poll, clock } = openPoll()
    const quiet: boolean[] = []
    for (let i = 0; i < 11; i++) {
      await pauseLength(poll, clock)
      quiet.push(poll.isQuiet)
    }
    expect(quiet.indexOf(true)).toBe(9)
  })

  it('is short again after it was woken', async () => {
    const { poll, clock } = openPoll()
    for (let i = 0; i < 15; i++) await pauseLength(poll, clock)
    poll.wake()
    expect(await pauseLength(poll, clock)).toBe(20)
  })

  it('ends its pause at once when it is woken', async () => {
    const { poll, clock } = openPoll()
    const pause = poll.pause(new AbortController().signal)
    poll.wake()
    await pause
    expect(clock.now()).toBe(0)
  })

  it('ends its pause when the signal aborts', async () => {
    const { poll, clock } = openPoll()
    const stopping = new AbortController()
    const pause = poll.pause(stopping.signal)
    await settle()
    stopping.abort()
    await pause
    expect({ now: clock.now(), sleeping: clock.sleeping }).toEqual({ now: 0, sleeping: 0 })
  })

  // Node keeps a record of every signal of AbortSignal.any for as long as its sources live.
  it('leaves nothing behind on the signal, which lives as long as the relay', async () => {
    const any = vi.spyOn(AbortSignal, 'any')
    const { poll, clock } = openPoll()
    const { signal } = new AbortController()
    for (let i = 0; i < 3; i++) {
      const pause = poll.pause(signal)
      await clock.advance(1_000)
      await pause
    }
    expect(any).not.toHaveBeenCalled()
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
