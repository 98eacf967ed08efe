import { describe, expect, it } from 'vitest'
import { CarefulMode } from './careful-mode.js'
import { ScriptedInbox } from './scripted-inbox.fake.js'

const at = (offset: bigint) => ({ topic: 'orders', partition: 0, offset })
const handled = async (): Promise<number> => 1
const parks = async (): Promise<number> => {
  throw new Error('parked')
}

describe('CarefulMode', () => {
  function newMode({ attempts = 3, group = 1, keepsPositions = true } = {}) {
    const inbox = new ScriptedInbox({ keepsPositions })
    let flushed = 0
    const offsets = {
      flush: async () => {
        flushed += 1
      },
    }
    const began: string[] = []
    const mode = new CarefulMode({
      inbox,
      offsets,
      group,
      attempts,
      began: ({ offset }, { claims, starts }) => began.push(`${offset} ${claims} ${starts}`),
    })
    return { inbox, mode, began, flushed: () => flushed }
  }

  it.each([
    [{ claims: 1, starts: 0 }, false],
    [{ claims: 2, starts: 0 }, false],
    [{ claims: 3, starts: 0 }, true],
    [{ claims: 1, starts: 1 }, true],
  ])('is on from the third claim of an offset, or where a start has had no end: %o', async (count, isOn) => {
    const { inbox, mode, began } = newMode()
    inbox.count = count
    await mode.claim(at(5n))
    await mode.claim(at(6n))
    expect(mode.isOn).toBe(isOn)
    expect(began).toEqual(isOn ? [`5 ${count.claims} ${count.starts}`] : [])
    expect(inbox.care).toEqual(['claim 5'])
  })

  it('claims nothing where nothing is ever parked', async () => {
    const { inbox, mode } = newMode({ attempts: Number.POSITIVE_INFINITY })
    await mode.claim(at(5n))
    expect(inbox.care).toEqual([])
  })

  it('is on for as many messages as one transaction may have handled', async () => {
    const { inbox, mode } = newMode({ group: 2 })
    inbox.count = { claims: 3, starts: 0 }
    await mode.claim(at(5n))
    await mode.handle(at(5n), { handle: handled, park: parks })
    expect(mode.isOn).toBe(true)
    await mode.handle(at(6n), { handle: handled, park: parks })
    expect(mode.isOn).toBe(false)
    expect(inbox.care).toEqual(['claim 5', 'start 5', 'finish 5', 'start 6', 'finish 6'])
  })

  it('notes the end of a start that fails, or that comes to nothing', async () => {
    const { inbox, mode } = newMode()
    inbox.count = { claims: 3, starts: 0 }
    await mode.claim(at(5n))
    const failing = { handle: () => Promise.reject(new Error('fails')), park: parks }
    await expect(mode.handle(at(5n), failing)).rejects.toThrow('fails')
    await mode.handle(at(5n), { handle: async () => 0, park: parks })
    expect(inbox.care.slice(1)).toEqual(['start 5', 'end 5', 'start 5', 'end 5'])
    expect(mode.isOn).toBe(true)
  })

  it('does not start a message again before the database has heard of its end', async () => {
    const { inbox, mode } = newMode()
    inbox.count = { claims: 3, starts: 0 }
    await mode.claim(at(5n))
    const end = inbox.endMessage.bind(inbox)
    inbox.endMessage = () => Promise.reject(new Error('the database is away'))
    const failing = { handle: () => Promise.reject(new Error('fails')), park: parks }
    await expect(mode.handle(at(5n), failing)).rejects.toThrow('fails')
    await expect(mode.handle(at(5n), failing)).rejects.toThrow('the database is away')
    inbox.endMessage = end
    await mode.handle(at(5n), { handle: handled, park: parks })
    expect(inbox.care.slice(1)).toEqual(['start 5', 'end 5', 'start 5', 'finish 5'])
  })

  it.each([
    [3, 2, false],
    [3, 3, true],
    [1, 2, false],
    [1, 3, true],
    [5, 4, false],
    [5, 5, true],
  ])('with %d attempts, after %d starts without an end, parks: %s', async (attempts, starts, isParked) => {
    const { inbox, mode } = newMode({ attempts })
    inbox.count = { claims: 9, starts }
    await mode.claim(at(5n))
    const did: string[] = []
    const work = {
      handle: async () => did.push('handled'),
      park: async (count: number) => did.push(`parked after ${count}`),
    }
    if (isParked) await expect(mode.handle(at(5n), work)).rejects.toMatchObject({ details: { starts } })
    await mode.handle(at(5n), work)
    expect(did).toEqual([isParked ? `parked after ${starts}` : 'handled'])
  })

  it('parks at the second sight: whoever had the position until now may have survived its start', async () => {
    const { inbox, mode } = newMode()
    inbox.count = { claims: 9, starts: 3 }
    await mode.claim(at(5n))
    await expect(mode.handle(at(5n), { handle: handled, park: parks })).rejects.toMatchObject({
      code: 'MESSAGE_KILLS_PROCESS',
    })
    inbox.count = { claims: 9, starts: 2 }
    expect(await mode.handle(at(5n), { handle: handled, park: parks })).toBe(1)
    expect(inbox.care.slice(1)).toEqual(['start 5', 'end 5', 'start 5', 'finish 5'])
  })

  it('has the group’s offsets committed before a start where they say where to go on', async () => {
    const { inbox, mode, flushed } = newMode({ keepsPositions: false })
    inbox.count = { claims: 3, starts: 0 }
    await mode.claim(at(5n))
    await mode.handle(at(5n), { handle: handled, park: parks })
    expect(flushed()).toBe(1)
    expect(mode.isOn).toBe(true)
  })
})
