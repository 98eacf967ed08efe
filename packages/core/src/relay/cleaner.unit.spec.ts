import { describe, expect, it } from 'vitest'
import { CallScript } from '../ports/call-script.fake.js'
import { originCursor, type RelayBatch } from '../ports/relay-store.js'
import { Cleaner } from './cleaner.js'
import { ScriptedRelayStore } from './scripted-relay-store.fake.js'

function batch(number: number, rows: number): RelayBatch {
  return {
    number,
    token: `t${number}`,
    parent: null,
    cursor: { ...originCursor, from: `${rows + 1}:${rows + 1}:` },
  }
}

async function openCleaner(maxRows: number) {
  const script = new CallScript()
  const store = new ScriptedRelayStore(script)
  const cleaner = new Cleaner({ maxRows, maxBytes: 1_000 })
  const guard = { shard: 0, token: '', confirmed: 0 }
  store.lease = { ...store.lease, token: '' }
  return {
    script,
    store,
    cleaner,
    clean: (confirmed: RelayBatch) => store.guarded(guard, (tx) => cleaner.clean(tx, confirmed)),
  }
}

describe('Cleaner', () => {
  it('deletes the intents below the confirmed batch and the rows that it covers', async () => {
    const { clean, script } = await openCleaner(10)
    expect(await clean(batch(3, 7))).toBe(7)
    expect(script.take('deleteBatchesBelow', 'deletePublished')).toEqual([
      'deleteBatchesBelow 3',
      'deletePublished 7',
    ])
  })

  it('has nothing to do before the first batch', async () => {
    const { clean, cleaner, script } = await openCleaner(10)
    const first = { ...batch(0, 0), cursor: originCursor }
    expect(cleaner.isDue(first)).toBe(false)
    expect(await clean(first)).toBe(0)
    expect(script.take('deleteBatchesBelow', 'deletePublished')).toEqual([])
  })

  it('goes on in bounded lots until everything is deleted', async () => {
    const { clean, cleaner } = await openCleaner(3)
    const confirmed = batch(1, 7)
    const lots: number[] = []
    while (cleaner.isDue(confirmed)) lots.push(await clean(confirmed))
    expect(lots).toEqual([3, 3, 1])
  })

  it('goes on where large messages make a lot shorter than its bound in rows', async () => {
    const { clean, cleaner, store } = await openCleaner(100)
    store.lotRows = 2
    const confirmed = batch(1, 5)
    const lots: number[] = []
    while (cleaner.isDue(confirmed)) lots.push(await clean(confirmed))
    expect(lots).toEqual([2, 2, 1])
  })

  it('is due again when the confirmed cursor moves on', async () => {
    const { clean, cleaner } = await openCleaner(10)
    await clean(batch(1, 2))
    expect(cleaner.isDue(batch(1, 2))).toBe(false)
    expect(cleaner.isDue(batch(2, 5))).toBe(true)
  })
})
