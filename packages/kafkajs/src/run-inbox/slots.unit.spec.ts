import { describe, expect, it } from 'vitest'
import { settle } from './manual-clock.fake.js'
import { Slots } from './slots.js'

describe('Slots', () => {
  it('lets so many run at once, the others in their order, whatever becomes of them', async () => {
    const slots = new Slots(2)
    const started: number[] = []
    const ends: (() => void)[] = []
    const works = [0, 1, 2, 3].map((number) =>
      slots.use(async () => {
        started.push(number)
        await new Promise<void>((resolve) => ends.push(resolve))
        if (number === 0) throw new Error('fails')
        return number
      }),
    )
    const results = Promise.allSettled(works)
    await settle()
    expect(started).toEqual([0, 1])
    ends[0]?.()
    await settle()
    expect(started).toEqual([0, 1, 2])
    ends[1]?.()
    ends[2]?.()
    await settle()
    ends[3]?.()
    expect((await results).map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ])
    expect(await slots.use(async () => 'free again')).toBe('free again')
  })
})
