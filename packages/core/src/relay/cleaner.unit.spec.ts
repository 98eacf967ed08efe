import { describe, expect, it } from 'vitest'
import { CallScript } from '../ports/call-script.fake.js'
import { originCursor, type RelayBatch } from '../ports/relay-store.js'
import { Cleaner } from './cleaner.js'
import { ScriptedRelayStore } from './scripted-relay-store.fake.js'

function batch(number: number): RelayBatch {
  return { number, token: `t${number}`, parent: null, cursor: originCursor }
}

async function openCleaner() {
  const script = new CallScript()
  const store = new ScriptedRelayStore(script)
  const cleaner = new Cleaner(0, 100)
  const guard = { shard: 0, token: '', confirmed: 0 }
  store.lease = { ...store.lease, token: '' }
  return {
    script,
    cleaner,
    clean: (confirmed: RelayBatch) => store.guarded(guard, (tx) => cleaner.clean(tx, confirmed)),
  }
}

describe('Cleaner', () => {
  it('deletes the intents below the confirmed batch', async () => {
    const { clean, script } = await openCleaner()
    await clean(batch(3))
    expect(script.take('deleteBatchesBelow')).toEqual(['deleteBatchesBelow 3'])
  })

  it('has nothing to do before the first batch', async () => {
    const { clean, cleaner, script } = await openCleaner()
    expect(cleaner.isDue(batch(0))).toBe(false)
    await clean(batch(0))
    expect(script.take('deleteBatchesBelow')).toEqual([])
  })

  it('is due again when the confirmed batch moves on', async () => {
    const { clean, cleaner } = await openCleaner()
    await clean(batch(1))
    expect(cleaner.isDue(batch(1))).toBe(false)
    expect(cleaner.isDue(batch(2))).toBe(true)
  })
})
