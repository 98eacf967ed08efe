import { type Cursor, originCursor, type UnsettledMessage } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { commitRows, row, type StoreScene } from '../store-scene.js'
import { batch, idsOf, insertBatches, lead, type RelayScene } from './relay-scene.js'

/** What an adoption reads and changes. */
export function describeAdoption<Tx>(scene: StoreScene<Tx>): void {
  describe('an adoption', () => {
    it('reads the outbox by seq, with what a cursor says of each message', async () => {
      const relayScene = await lead(scene)
      const { opened, readPage } = relayScene
      const ids = await commitRows(opened, [row(), row({ topic: 'other', key: null, partition: 3 })])
      const { cursor } = await readPage(originCursor)
      ids.push(...(await commitRows(opened)))
      const messages = await unsettled(relayScene, { cursor })
      expect(messages.map(({ id }) => id)).toEqual(ids)
      expect(messages.map(({ covered }) => covered)).toEqual([true, true, false])
      expect(messages[1]).toMatchObject({ topic: 'other', key: null, partition: 3 })
      expect(Buffer.from(messages[0]?.key ?? []).toString()).toBe('key')
      for (const { createdAt } of messages) expect(Math.abs(createdAt - Date.now())).toBeLessThan(600_000)
    })

    it('takes the part of a capture under way that was read for covered, and nothing more', async () => {
      const relayScene = await lead(scene)
      const { opened, readPage } = relayScene
      const slow = await opened.begin()
      await opened.store.insertMessages(slow.tx, [row()])
      await commitRows(opened, [row(), row(), row()])
      const { cursor } = await readPage(originCursor, { maxRows: 2 })
      expect(cursor.until).not.toBeNull()
      await slow.commit()
      const messages = await unsettled(relayScene, { cursor })
      expect(messages.map(({ covered }) => covered)).toEqual([false, true, true, false])
    })

    it('lets a cursor of another server say nothing of what this server has numbered', async () => {
      const relayScene = await lead(scene)
      await commitRows(relayScene.opened, [row(), row()])
      const cursor: Cursor = { from: '9000000000000000:9000000000000000:', until: null, lastSeq: '0' }
      const own = await unsettled(relayScene, { cursor })
      expect(own.map(({ covered }) => covered)).toEqual([true, true])
      const foreign = await unsettled(relayScene, { cursor, copied: true })
      expect(foreign.map(({ covered }) => covered)).toEqual([false, false])
    })

    it('reads part after part', async () => {
      const relayScene = await lead(scene)
      const ids = await commitRows(relayScene.opened, [row(), row(), row()])
      const first = await unsettled(relayScene, { limit: 2 })
      const rest = await unsettled(relayScene, { limit: 2, after: first.at(-1)?.seq ?? '' })
      expect([...first, ...rest].map(({ id }) => id)).toEqual(ids)
      expect(first).toHaveLength(2)
    })

    it('deletes the messages that it names', async () => {
      const relayScene = await lead(scene)
      const { opened, guarded } = relayScene
      const ids = await commitRows(opened, [row(), row(), row()])
      const [first, , third] = await unsettled(relayScene)
      await guarded((tx) => tx.deleteMessages([first?.seq ?? '', third?.seq ?? '']))
      expect((await opened.readMessages()).map(({ id }) => id)).toEqual([ids[1]])
    })

    it('puts what it leaves behind every earlier snapshot, in its order, once', async () => {
      const relayScene = await lead(scene)
      const { opened, relay, guarded, readPage } = relayScene
      const ids = await commitRows(opened, [row(), row()])
      const open = await opened.begin()
      const late = row()
      await opened.store.insertMessages(open.tx, [late])
      ids.push(...(await commitRows(opened)))
      const from = await relay.readSnapshot()
      const cursor = { from, until: null, lastSeq: '0' }
      expect(await relay.lookForMessages(0, cursor)).toBe('nothing')
      expect(await guarded((tx) => tx.renumberMessages())).toBe(3)
      const page = await readPage(cursor)
      expect(idsOf(page)).toEqual(ids)
      await open.commit()
      expect(idsOf(await readPage(page.cursor))).toEqual([late.id])
      expect(idsOf(await readPage((await readPage(page.cursor)).cursor))).toEqual([])
    })

    it('leaves one batch, without a parent, whatever its number', async () => {
      const relayScene = await lead(scene)
      await insertBatches(relayScene, 2)
      const { guarded } = relayScene
      const adopted = batch(40, { parent: null, token: 'adopted' })
      await guarded((tx) => tx.replaceBatches(adopted))
      expect((await guarded((tx) => tx.readFacts())).batches).toEqual([adopted])
      const next = batch(41, { parent: 'adopted' })
      expect(await guarded((tx) => tx.insertBatch(next))).toBe(true)
    })

    it('finds nothing parked where nothing is', async () => {
      const { guarded } = await lead(scene)
      expect(await guarded((tx) => tx.readParkedOut())).toEqual([])
      await guarded((tx) => tx.deleteParkedOut([]))
    })
  })
}

interface Part {
  readonly cursor?: Cursor
  readonly copied?: boolean
  readonly after?: string
  readonly limit?: number
}

function unsettled<Tx>(
  { guarded }: RelayScene<Tx>,
  { cursor = originCursor, copied = false, after = '0', limit = 1000 }: Part = {},
): Promise<readonly UnsettledMessage[]> {
  return guarded((tx) => tx.readUnsettled({ cursor, copied, after, limit }))
}
