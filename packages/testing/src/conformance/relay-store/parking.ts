import { originCursor, type ParkedSelection } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { bytes, commitRows, row, type StoreScene } from '../store-scene.js'
import { batch, idsOf, lead, type RelayScene } from './relay-scene.js'

const reason = { code: 'RECORD_REFUSED', error: 'too large' }
const missing = { code: 'TOPIC_MISSING', error: 'not known' }
const later = { initialMs: 60_000, maxMs: 60_000 }
const atOnce = { initialMs: 0, maxMs: 0 }
const wide = { maxRows: 1_000, maxBytes: 1_000_000 }
const key = (name: string) => row({ key: bytes(name) })

/** Parks the first message of a page and moves what it blocks of the rest. Returns the ids that are left to send. */
async function parkFirst<Tx>({ guarded }: RelayScene<Tx>): Promise<string[]> {
  return guarded(async (tx) => {
    const [first, ...rest] = (await tx.readPage(originCursor, wide)).rows
    expect(first && (await tx.parkMessage(first, reason))).toBe(true)
    const moved = await tx.parkBlocked(rest)
    return rest.filter(({ seq }) => !moved.has(seq)).map(({ id }) => id)
  })
}

async function releases<Tx>({ guarded }: RelayScene<Tx>, bounds = wide): Promise<string[]> {
  const rows = await guarded((tx) => tx.readReleases(bounds))
  return rows.map(({ id }) => id)
}

/** What cannot be sent, and what follows it. */
export function describeParking<Tx>(scene: StoreScene<Tx>): void {
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

  describe('a retry of what is parked', () => {
    it('releases a key in the order of its messages, once an operator asks', async () => {
      const relay = await lead(scene)
      const ids = await commitRows(relay.opened, [key('a'), key('b'), key('a'), key('a')])
      await parkFirst(relay)
      expect(await releases(relay)).toEqual([])
      const follower = (await relay.relay.listParkedMessages({}, 10)).at(-1)
      expect(await relay.relay.retryParked({ ids: [follower?.id ?? ''] })).toEqual({
        keys: 1,
        messages: 0,
        topics: 0,
      })
      expect(await relay.relay.lookAtParking(0)).toEqual({ parked: true, due: true })
      expect(await releases(relay)).toEqual([ids[0], ids[2], ids[3]])
      expect(await releases(relay, { ...wide, maxRows: 2 })).toEqual([ids[0], ids[2]])
      expect(await releases(relay, { ...wide, maxBytes: 1 })).toEqual([ids[0]])
    })

    it.each<[string, ParkedSelection, number]>([
      ['everything', {}, 2],
      ['a topic', { topic: 'other' }, 1],
      ['a key', { topic: 'topic', key: bytes('a') }, 1],
      ['a key that is not parked', { topic: 'topic', key: bytes('b') }, 0],
      ['no message', { ids: [] }, 0],
    ])('is of %s', async (_, selection, keys) => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), row({ topic: 'other', key: bytes('a') })])
      await parkFirst(relay)
      await parkFirst(relay)
      expect(await relay.relay.retryParked(selection)).toEqual({ keys, messages: 0, topics: 0 })
    })

    it('keeps the key blocked until all of it is confirmed', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('a')])
      await parkFirst(relay)
      await relay.relay.retryParked({})
      const [first] = await relay.guarded((tx) => tx.readReleases({ ...wide, maxRows: 1 }))
      await relay.guarded((tx) => tx.applyReleases([first?.seq ?? '']))
      await commitRows(relay.opened, [key('a')])
      const { rows } = await relay.readPage(originCursor)
      expect(await relay.guarded((tx) => tx.parkBlocked(rows))).toEqual(new Set(rows.map(({ seq }) => seq)))
      const rest = await relay.guarded((tx) => tx.readReleases(wide))
      expect(rest).toHaveLength(2)
      await relay.guarded((tx) => tx.applyReleases(rest.map(({ seq }) => seq)))
      expect(await relay.relay.lookAtParking(0)).toEqual({ parked: false, due: false })
      await relay.guarded((tx) => tx.applyReleases(rest.map(({ seq }) => seq)))
      await commitRows(relay.opened, [key('a')])
      const next = await relay.readPage(originCursor)
      expect(await relay.guarded((tx) => tx.parkBlocked(next.rows))).toEqual(new Set())
    })

    it('applied once more leaves a key that was blocked again as it is', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a')])
      await parkFirst(relay)
      await relay.relay.retryParked({})
      const [first] = await relay.guarded((tx) => tx.readReleases(wide))
      await relay.guarded((tx) => tx.applyReleases([first?.seq ?? '']))
      await commitRows(relay.opened, [key('a')])
      await parkFirst(relay)
      await relay.guarded((tx) => tx.applyReleases([first?.seq ?? '']))
      expect(await relay.relay.listParking()).toMatchObject([{ kind: 'key', messages: 1 }])
    })

    it('that is refused again waits for an operator, with what follows', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('a')])
      await parkFirst(relay)
      await relay.relay.retryParked({})
      const [first] = await relay.guarded((tx) => tx.readReleases(wide))
      await relay.guarded((tx) =>
        tx.refuseRelease(first?.seq ?? '', { code: 'RECORD_REFUSED', error: 'still' }),
      )
      expect(await releases(relay)).toEqual([])
      expect(await relay.relay.listParking()).toMatchObject([
        { kind: 'key', error: 'still', attempts: 2, messages: 2, retryAt: null },
      ])
    })

    it('of a message without a key is its own', async () => {
      const relay = await lead(scene)
      const ids = await commitRows(relay.opened, [row({ key: null }), row({ key: null })])
      await parkFirst(relay)
      await parkFirst(relay)
      const [first] = await relay.relay.listParkedMessages({}, 1)
      expect(await relay.relay.retryParked({ ids: [first?.id ?? ''] })).toEqual({
        keys: 0,
        messages: 1,
        topics: 0,
      })
      expect(await releases(relay)).toEqual([ids[0]])
      await relay.guarded((tx) => tx.refuseRelease(first?.id ?? '', reason))
      expect(await releases(relay)).toEqual([])
      expect(await relay.relay.listParking()).toMatchObject([{ attempts: 2 }, { attempts: 1 }])
    })
  })

  describe('a batch of parked messages', () => {
    it('names them', async () => {
      const { guarded } = await lead(scene)
      const batches = [batch(0), batch(1, { releases: ['7', '9007199254740993'] })]
      await guarded(async (tx) => {
        for (const each of batches) await tx.insertBatch(each)
      })
      expect((await guarded((tx) => tx.readFacts())).batches).toEqual(batches)
    })
  })

  describe('discarding what is parked', () => {
    it('deletes messages, and unblocks the keys of which nothing is left', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('a')])
      await parkFirst(relay)
      const [first] = await relay.relay.listParkedMessages({}, 1)
      const discard = (selection: ParkedSelection) => relay.relay.discardParked(selection)
      expect(await discard({ ids: [first?.id ?? ''] })).toEqual({ messages: 1, unblocked: 0, inFlight: 0 })
      expect(await discard({})).toEqual({ messages: 1, unblocked: 1, inFlight: 0 })
      expect(await relay.relay.listParking()).toEqual([])
    })

    it('leaves what a batch holds that Kafka may have', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('a')])
      await parkFirst(relay)
      const [first] = await relay.relay.listParkedMessages({}, 1)
      await relay.guarded(async (tx) => {
        await tx.insertBatch(batch(0))
        await tx.insertBatch(batch(1, { releases: [first?.id ?? ''] }))
      })
      expect(await relay.relay.discardParked({})).toEqual({ messages: 1, unblocked: 0, inFlight: 1 })
    })

    it('takes turns with a guarded transaction', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a')])
      await parkFirst(relay)
      let discarding: Promise<unknown> = Promise.resolve()
      await relay.guarded(async (tx) => {
        discarding = relay.relay.discardParked({})
        const [first] = await relay.relay.listParkedMessages({}, 1)
        await tx.insertBatch(batch(0))
        await tx.insertBatch(batch(1, { releases: [first?.id ?? ''] }))
      })
      expect(await discarding).toEqual({ messages: 0, unblocked: 0, inFlight: 1 })
    })
  })

  describe('a paused topic', () => {
    it('holds its messages, whatever their keys, and no others', async () => {
      const relay = await lead(scene)
      const ids = await commitRows(relay.opened, [key('a'), row({ topic: 'other' }), row({ key: null })])
      const { rows } = await relay.readPage(originCursor)
      await relay.guarded((tx) => tx.pauseTopic('topic', missing, later))
      const moved = await relay.guarded((tx) => tx.parkBlocked(rows))
      expect(rows.filter(({ seq }) => !moved.has(seq)).map(({ id }) => id)).toEqual([ids[1]])
      expect(await relay.relay.listParking()).toMatchObject([
        { kind: 'topic', topic: 'topic', messages: 2, errorCode: 'TOPIC_MISSING', attempts: 1 },
      ])
      expect((await relay.relay.readStatus()).parking).toMatchObject({
        keys: 0,
        messages: 2,
        pausedTopics: [{ shard: 0, topic: 'topic', errorCode: 'TOPIC_MISSING', attempts: 1 }],
      })
    })

    it('rests longer from attempt to attempt, up to a limit', async () => {
      const { guarded } = await lead(scene)
      const pause = () => guarded((tx) => tx.pauseTopic('topic', missing, { initialMs: 100, maxMs: 350 }))
      const rests = [await pause(), await pause(), await pause(), await pause()]
      expect(rests.map(Math.round)).toEqual([100, 200, 350, 350])
    })

    it('is tried again when its time has come, or an operator asks', async () => {
      const relay = await lead(scene)
      const ids = await commitRows(relay.opened, [key('a'), key('a')])
      const { rows } = await relay.readPage(originCursor)
      await relay.guarded((tx) => tx.pauseTopic('topic', missing, later))
      await relay.guarded((tx) => tx.parkBlocked(rows))
      expect(await releases(relay)).toEqual([])
      expect((await relay.relay.lookAtParking(0)).due).toBe(false)
      expect(await relay.relay.retryParked({})).toEqual({ keys: 0, messages: 0, topics: 1 })
      expect((await relay.relay.lookAtParking(0)).due).toBe(true)
      expect(await releases(relay)).toEqual(ids)
    })

    it('ends when it is due and holds nothing any more, and not before', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('b')])
      const { rows } = await relay.readPage(originCursor)
      await relay.guarded((tx) => tx.pauseTopic('topic', missing, atOnce))
      await relay.guarded((tx) => tx.parkBlocked(rows))
      const held = await relay.guarded((tx) => tx.readReleases(wide))
      expect(held.map(({ id }) => id)).toEqual(idsOf({ rows, cursor: originCursor }))
      const apply = (places: readonly string[]) => relay.guarded((tx) => tx.applyReleases(places))
      expect(await apply([held[0]?.seq ?? ''])).toEqual([])
      expect(await apply([held[1]?.seq ?? ''])).toEqual(['topic'])
      expect(await relay.relay.lookAtParking(0)).toEqual({ parked: false, due: false })
    })

    it('holds a parked key also when that is to be sent again, and does not release it by itself', async () => {
      const relay = await lead(scene)
      const ids = await commitRows(relay.opened, [key('a'), key('a'), key('b')])
      await parkFirst(relay)
      const { rows } = await relay.readPage(originCursor)
      await relay.guarded((tx) => tx.pauseTopic('topic', missing, atOnce))
      await relay.guarded((tx) => tx.parkBlocked(rows))
      expect(await releases(relay)).toEqual([ids[2]])
      await relay.relay.retryParked({ topic: 'topic', key: bytes('a') })
      expect(await releases(relay)).toEqual([ids[2]])
      const [free] = await relay.guarded((tx) => tx.readReleases(wide))
      expect(await relay.guarded((tx) => tx.applyReleases([free?.seq ?? '']))).toEqual(['topic'])
      expect(await releases(relay)).toEqual([ids[0], ids[1]])
    })

    it('is paused again by an opening where its pause was another shard’s', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a')])
      const { rows } = await relay.readPage(originCursor)
      await relay.guarded((tx) => tx.pauseTopic('topic', missing, later))
      await relay.guarded((tx) => tx.parkBlocked(rows))
      expect(await relay.guarded((tx) => tx.openParking())).toBe(true)
      expect((await relay.relay.readStatus()).parking.pausedTopics).toHaveLength(1)
    })

    it('with a message that is refused alone leaves its key parked', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('a')])
      const { rows } = await relay.readPage(originCursor)
      await relay.guarded((tx) => tx.pauseTopic('topic', missing, atOnce))
      await relay.guarded((tx) => tx.parkBlocked(rows))
      const [first] = await relay.guarded((tx) => tx.readReleases(wide))
      await relay.guarded((tx) => tx.refuseRelease(first?.seq ?? '', reason))
      expect(await relay.guarded((tx) => tx.applyReleases([]))).toEqual(['topic'])
      expect(await relay.relay.listParking()).toMatchObject([{ kind: 'key', messages: 2, attempts: 1 }])
    })
  })
}
