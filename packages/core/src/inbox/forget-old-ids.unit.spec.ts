import { describe, expect, it } from 'vitest'
import { createInbox } from './inbox.js'
import type { InboxOptions } from './inbox-options.js'
import { JournalingInboxStore, type JournalingTx } from './journaling-inbox-store.fake.js'

function openInbox(options: Partial<InboxOptions<JournalingTx>> = {}) {
  const store = new JournalingInboxStore()
  return { store, inbox: createInbox<JournalingTx>({ store, name: 'billing', ...options }) }
}

describe('old ids', () => {
  it('are forgotten batch by batch, until one is not full', async () => {
    const { store, inbox } = openInbox({ idRetentionMs: 5_000 })
    store.old.push(1_000, 1_000, 17)
    expect(await inbox.forgetOldIds()).toBe(2_017)
    expect(store.journal).toEqual(Array(3).fill('forget 1000 older than 5000'))
  })

  it('are 30 days old, or what the caller says', async () => {
    const { store, inbox } = openInbox()
    await inbox.forgetOldIds()
    await inbox.forgetOldIds({ keepMs: 7 })
    expect(store.journal).toEqual(['forget 1000 older than 2592000000', 'forget 1000 older than 7'])
  })

  it('are none where they are kept for ever', async () => {
    const { store, inbox } = openInbox({ idRetentionMs: Number.POSITIVE_INFINITY })
    expect(await inbox.forgetOldIds()).toBe(0)
    expect(store.journal).toEqual([])
  })

  it('are left where the caller gives up, between two batches', async () => {
    const { store, inbox } = openInbox()
    store.old.push(1_000)
    expect(await inbox.forgetOldIds({ signal: AbortSignal.abort() })).toBe(0)
    expect(store.journal).toEqual([])
  })
})
