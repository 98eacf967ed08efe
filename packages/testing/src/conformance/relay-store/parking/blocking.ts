import { originCursor } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { bytes, commitRows, longKey, row, type StoreScene } from '../../store-scene.js'
import { lead } from '../relay-scene.js'
import { key, parkFirst, reason, wide } from './parking-scene.js'

/** What cannot be sent, and what follows it. */
export function describeBlocking<Tx>(scene: StoreScene<Tx>): void {
  describe('parking', () => {
    it('is seen where there is some, and only there', async () => {
      const relay = await lead(scene)
      expect(await relay.relay.lookAtParking(0)).toEqual({ parked: false, due: false })
      expect(await relay.guarded((tx) => tx.openParking())).toBe(false)
      await commitRows(relay.opened, [key('a')])
      await parkFirst(relay)
      expect(await relay.relay.lookAtParking(0)).toEqual({ parked: true, due: false })
      expect(await relay.guarded((tx) => tx.openParking())).toBe(true)
      expect((await relay.relay.readStatus()).parking).toEqual({ keys: 1, messages: 1, pausedTopics: [] })
    })

    it('takes a message and what follows on its key out of the outbox, and nothing else', async () => {
      const relay = await lead(scene)
      const rows = [
        key('a'),
        key('b'),
        key('a'),
        row({ key: null }),
        row({ topic: 'other', key: bytes('a') }),
      ]
      const ids = await commitRows(relay.opened, rows)
      const left = [ids[1], ids[3], ids[4]]
      expect(await parkFirst(relay)).toEqual(left)
      expect((await relay.opened.readMessages()).map(({ id }) => id)).toEqual(left)
      const parked = await relay.relay.listParkedMessages({}, 10)
      expect(parked.map(({ messageId, errorCode, attempts }) => [messageId, errorCode, attempts])).toEqual([
        [ids[0], 'RECORD_REFUSED', 1],
        [ids[2], null, 0],
      ])
    })

    it('without a key blocks nothing', async () => {
      const relay = await lead(scene)
      const ids = await commitRows(relay.opened, [row({ key: null }), row({ key: null })])
      expect(await parkFirst(relay)).toEqual([ids[1]])
      expect(await relay.relay.listParking()).toMatchObject([
        { kind: 'message', messages: 1, errorCode: 'RECORD_REFUSED', retryAt: null },
      ])
    })

    it('of a message that is gone does nothing, and blocks no key', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a')])
      const [first] = (await relay.readPage(originCursor)).rows
      expect(first).toBeDefined()
      if (!first) return
      expect(await relay.guarded((tx) => tx.parkMessage(first, reason))).toBe(true)
      expect(await relay.guarded((tx) => tx.parkMessage(first, reason))).toBe(false)
      expect(await relay.relay.listParking()).toMatchObject([{ attempts: 1, messages: 1 }])
    })

    it('keeps every byte', async () => {
      const relay = await lead(scene)
      const all = {
        key: new Uint8Array([0, 255, 10]),
        payload: new Uint8Array([128, 0, 1]),
        partition: 3,
        headers: [
          ['b', 'é'],
          ['a', { base64: '/w==' }],
          ['b', 'again'],
        ] as const,
      }
      const rows = [row(all), row({ key: null, payload: null })]
      await commitRows(relay.opened, rows)
      const sent = (await relay.readPage(originCursor)).rows
      await parkFirst(relay)
      await parkFirst(relay)
      await relay.relay.retryParked({})
      const released = await relay.guarded((tx) => tx.readReleases(wide))
      const withoutPlace = ({ seq: _, ...rest }: (typeof sent)[number]) => rest
      expect(released.map(withoutPlace)).toEqual(sent.map(withoutPlace))
      const [place] = released
      expect(await relay.relay.readParkedMessage(place?.seq ?? '')).toMatchObject({
        headers: all.headers,
        payload: expect.anything(),
        partition: 3,
      })
      expect(await relay.relay.readParkedMessage('999999')).toBeNull()
    })

    it('takes a key of any length, and what follows on it, and no other one', async () => {
      const relay = await lead(scene)
      const rows = [longKey(1), longKey(2), longKey(1)].map((of) => row({ key: of }))
      const ids = await commitRows(relay.opened, rows)
      expect(await parkFirst(relay)).toEqual([ids[1]])
      await relay.relay.retryParked({ key: longKey(1) })
      const released = await relay.guarded((tx) => tx.readReleases(wide))
      expect(released.map(({ id }) => id)).toEqual([ids[0], ids[2]])
      expect(Buffer.from(released[1]?.key ?? []).equals(longKey(1))).toBe(true)
      await relay.guarded((tx) => tx.applyReleases(released.map(({ seq }) => seq)))
      expect(await relay.relay.listParking()).toEqual([])
    })

    it('lists what is blocked with its oldest message and the number of those behind it', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('a'), key('b')])
      await parkFirst(relay)
      const [message] = await relay.relay.listParkedMessages({}, 1)
      expect(await relay.relay.listParking()).toEqual([
        {
          kind: 'key',
          topic: 'topic',
          key: expect.anything(),
          id: message?.id,
          messages: 2,
          errorCode: 'RECORD_REFUSED',
          error: 'too large',
          attempts: 1,
          since: expect.stringMatching(/^\d{4}-.*Z$/),
          retryAt: null,
        },
      ])
      expect(message).toMatchObject({ bytes: expect.any(Number), createdAt: expect.stringMatching(/Z$/) })
    })
  })
}
