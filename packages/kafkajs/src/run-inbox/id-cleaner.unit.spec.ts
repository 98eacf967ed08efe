import { Emitter } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { IdCleaner } from './id-cleaner.js'
import { ManualClock, settle } from './manual-clock.fake.js'
import type { InboxRunEvents } from './run-inbox-events.js'
import type { TopicRetention } from './topic-retention.js'

const day = 24 * 3_600_000
const topicOf = (keptMs: number, cleanupPolicy = 'delete'): TopicRetention => ({
  topic: 'orders',
  keptMs,
  cleanupPolicy,
})

function openCleaner(given: { readonly keepsPositions?: boolean; readonly idRetentionMs?: number } = {}) {
  const events = new Emitter<InboxRunEvents>('inbox-run')
  const clock = new ManualClock()
  const heard: unknown[] = []
  for (const name of ['ids:forgotten', 'ids:delayed', 'retention:short', 'retention:unknown'] as const)
    events.on(name, (data) => heard.push({ name, ...data }))
  const forgotten: unknown[] = []
  const script = { retentions: async () => [topicOf(14 * day)], forget: async () => 0 }
  const inbox = {
    ...{ name: 'billing', keepsIds: true, keepsPositions: true, idRetentionMs: 30 * day, ...given },
    forgetOldIds: async (options: { readonly keepMs?: number } = {}) => {
      forgotten.push(options.keepMs)
      return script.forget()
    },
  }
  const options = { idCleaningMs: 1_000, backoff: { initialMs: 100, maxMs: 10_000 }, clock }
  const cleaner = new IdCleaner({ inbox, options, events, retentions: () => script.retentions() })
  cleaner.start()
  return { cleaner, clock, heard, forgotten, script }
}

describe('ids', () => {
  it('are forgotten at the start and from time to time, and it is told of', async () => {
    const { clock, cleaner, heard, forgotten, script } = openCleaner()
    script.forget = async () => 5
    await settle()
    await clock.advance(1_000)
    expect(forgotten).toEqual([30 * day, 30 * day])
    expect(heard).toEqual([1, 2].map(() => ({ name: 'ids:forgotten', count: 5 })))
    await cleaner.close()
    await clock.advance(10_000)
    expect(forgotten).toHaveLength(2)
  })

  it('that are kept for ever are not looked at', async () => {
    const { forgotten } = openCleaner({ idRetentionMs: Number.POSITIVE_INFINITY })
    await settle()
    expect(forgotten).toEqual([])
  })

  it('that cannot be forgotten now are later', async () => {
    const { clock, heard, forgotten, script } = openCleaner()
    const error = new Error('no connection')
    script.forget = () => Promise.reject(error)
    await settle()
    expect(heard).toEqual([{ name: 'ids:delayed', error, delayMs: 1_000 }])
    script.forget = async () => 1
    await clock.advance(1_000)
    expect(forgotten).toHaveLength(2)
    expect(heard.at(-1)).toEqual({ name: 'ids:forgotten', count: 1 })
  })

  it.each([
    ['for as long as a topic keeps its messages', topicOf(40 * day), 40 * day],
    ['for as long as they are to be, where that is longer', topicOf(20 * day), 30 * day],
    [
      'for ever where a topic is compacted',
      topicOf(Number.POSITIVE_INFINITY, 'compact'),
      Number.POSITIVE_INFINITY,
    ],
  ])('are kept %s, where no positions are', async (_, retention, keepMs) => {
    const { forgotten, clock, script } = openCleaner({ keepsPositions: false })
    await settle()
    script.retentions = async () => [retention]
    await clock.advance(1_000)
    expect(forgotten[1]).toBe(keepMs)
  })

  it('are kept where the broker does not tell for how long messages are, and no positions are', async () => {
    const { forgotten, heard, clock, script } = openCleaner({ keepsPositions: false })
    await settle()
    const error = new Error('not authorized')
    script.retentions = () => Promise.reject(error)
    await clock.advance(1_000)
    await clock.advance(1_000)
    expect(forgotten.slice(1)).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
    expect(heard).toEqual([{ name: 'retention:unknown', error }])
  })

  it('that are kept for a shorter time than messages are told of, with both figures, when they change', async () => {
    const { heard, clock, script } = openCleaner({ idRetentionMs: day })
    await settle()
    await clock.advance(1_000)
    expect(heard).toEqual([
      expect.objectContaining({
        name: 'retention:short',
        topic: 'orders',
        idRetentionMs: day,
        topicRetentionMs: 14 * day,
      }),
    ])
    const [{ error }] = heard as [{ error: Error }]
    expect(error).toMatchObject({ code: 'ID_RETENTION_SHORT', details: { topicRetentionMs: 14 * day } })
    expect(error.message).toContain(`idRetentionMs to more than ${14 * day}`)
    script.retentions = async () => [topicOf(Number.POSITIVE_INFINITY, 'compact')]
    await clock.advance(1_000)
    expect(heard).toHaveLength(2)
    expect((heard[1] as { error: Error }).error.message).toContain('for ever (cleanup.policy compact)')
  })
})
