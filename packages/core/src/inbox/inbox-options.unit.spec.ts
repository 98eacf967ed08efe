import { describe, expect, it } from 'vitest'
import { untraced } from '../ports/tracing.js'
import { type InboxOptions, resolveInboxOptions } from './inbox-options.js'
import { JournalingInboxStore, type JournalingTx } from './journaling-inbox-store.fake.js'
import { conventionalMessageId } from './message-id.js'

const store = new JournalingInboxStore()

describe('resolveInboxOptions', () => {
  it('has defaults', () => {
    expect(resolveInboxOptions({ store, name: 'billing' })).toEqual({
      store,
      outbox: undefined,
      idRetentionMs: 2_592_000_000,
      name: 'billing',
      dedupe: 'both',
      messageId: conventionalMessageId,
      timeoutMs: 30_000,
      maxParkedPerKey: 10_000,
      parkedBackoff: { initialMs: 60_000, maxMs: 3_600_000 },
      conflictRetries: 5,
      tracing: untraced,
    })
  })

  it.each([
    ['name', ''],
    ['name', undefined],
    ['name', 'a b'],
    ['dedupe', 'ids'],
    ['timeoutMs', 0],
    ['timeoutMs', 2 ** 31],
    ['conflictRetries', -1],
    ['conflictRetries', 0.5],
  ])('refuses %s %j', (option, value) => {
    const options = { store, name: 'billing', [option]: value } as unknown as InboxOptions<JournalingTx>
    expect(() => resolveInboxOptions(options)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option } }),
    )
  })

  it('takes no conflict retry for an answer', () => {
    expect(resolveInboxOptions({ store, name: 'billing', conflictRetries: 0 }).conflictRetries).toBe(0)
  })

  it('names the option nearest to an unknown one', () => {
    const options = { store, name: 'billing', dedup: 'both' }
    expect(() => resolveInboxOptions(options)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option: 'dedup', nearest: 'dedupe' } }),
    )
  })
})
