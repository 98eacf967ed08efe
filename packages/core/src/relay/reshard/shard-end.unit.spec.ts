import { describe, expect, it } from 'vitest'
import { CallScript } from '../../ports/call-script.fake.js'
import type { GuardedTransaction } from '../../ports/relay-store.js'
import { ScriptedRelayStore } from '../scripted-relay-store.fake.js'
import { endOf, ownEnd } from './shard-end.js'

const batch = { number: 7, token: 'seventh' }
const end = { shard: 0, token: 'lease', confirmed: 7, snapshot: '3:3:', batch }

function guarded<R>(
  work: (tx: GuardedTransaction) => Promise<R>,
  has: readonly { number: number; token: string }[],
) {
  const store = new ScriptedRelayStore(new CallScript())
  store.lease = { holder: 'reshard', token: 'lease', renewal: 0, confirmed: 0 }
  store.commit()
  store.batches = has.map((one) => ({
    ...one,
    parent: null,
    cursor: { from: '1:1:', until: null, lastSeq: '0' },
  }))
  return store.guarded({ shard: 1, token: 'lease', confirmed: 0 }, work)
}

describe('the snapshot that a shard is closed at', () => {
  it('is read by the transaction of the first intent, and is that of all others', async () => {
    expect(await guarded((tx) => ownEnd(tx, undefined), [])).toBe('2:2:')
    expect(await guarded((tx) => ownEnd(tx, '1:1:'), [])).toBe('1:1:')
  })

  it('is that of another shard, where that one’s last batch is there', async () => {
    expect(await guarded((tx) => endOf(end)(tx, undefined), [batch])).toBe('3:3:')
  })

  it.each([
    { there: 'none', has: [] },
    { there: 'another of its number', has: [{ number: 7, token: 'twin' }] },
  ])('is none where $there is in its place', async ({ has }) => {
    const found = guarded((tx) => endOf(end)(tx, '3:3:'), has)
    await expect(found).rejects.toMatchObject({ code: 'INTENT_ORPHANED', details: { shard: 0, batch: 8 } })
  })
})
