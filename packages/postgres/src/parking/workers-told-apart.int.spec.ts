// What workers of an inbox do to messages of the same topics and keys, which others have parked as well.
import type { ClaimTerms, DueMessage, ParkableMessage, ParkedPlace } from '@pigeonhole/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { countParked } from '../sql/parked-inbox/count.js'
import { deleteEmptyKeysOfInbox } from '../sql/parked-inbox/delete-empty-keys.js'
import { run } from '../sql/statement.js'
import { bothSides, Scene } from './both-sides.fake.js'

const inbox = 'billing'
const [a, d, empty] = ['a', 'd', 'empty'].map((it) => Buffer.from(it)) as [Buffer, Buffer, Buffer]
const terms: ClaimTerms = {
  topics: ['t'],
  leaseMs: 60_000,
  backoff: { initialMs: 60_000, maxMs: 60_000 },
  alone: true,
}
const failure = { code: 'AGAIN', error: 'again', attempts: 9, waits: false }

// Of each topic and key of the inbox, something of another inbox, and some that is of another topic; none has been tried yet.
const more = `INSERT INTO pigeonhole.parked_key (side, scope, topic, key, bucket, error_code, error)
  VALUES ('inbox', 'billing', 'u', 'a', 7, 'REFUSED', 'refused');
  INSERT INTO pigeonhole.parked_message (id, side, scope, topic, key, message_id, message_scope, headers, error_code, error)
  VALUES (27, 'inbox', 'billing', 'u', NULL, 'id-27', 'u', '[]', 'REFUSED', 'refused'),
    (28, 'inbox', 'billing', 'u', 'a', 'id-28', 'u', '[]', 'REFUSED', 'refused'),
    (32, 'inbox', 'audit', 't', NULL, 'id-32', 't', '[]', 'REFUSED', 'refused'),
    (33, 'inbox', 'audit', 'paused', 'a', 'id-33', 'paused', '[]', 'REFUSED', 'refused'),
    (34, 'inbox', 'audit', 't', 'empty', 'id-34', 't', '[]', 'REFUSED', 'refused');
  UPDATE pigeonhole.parked_key SET attempts = 5, starts = 2;
  UPDATE pigeonhole.parked_message SET attempts = 5, starts = 2, ordinal = id * id`
// Others have been due for longer.
const makeDue = `UPDATE pigeonhole.parked_key SET retry_at = now() - interval '1 min' * CASE scope WHEN 'billing' THEN 1 ELSE 2 END;
  UPDATE pigeonhole.parked_message SET retry_at = now() - interval '1 min' * CASE WHEN scope = 'billing' AND key IS NULL THEN 1 ELSE 2 END`
const changed = `SELECT concat_ws(' ', side, nullif(scope, ''), topic, convert_from(key, 'UTF8')) AS value FROM pigeonhole.parked_key
  WHERE (attempts, starts, error_code) <> (5, 2, 'REFUSED')
  UNION ALL SELECT 'message ' || id FROM pigeonhole.parked_message WHERE (attempts, starts) <> (5, 2) ORDER BY 1`
const ids = "SELECT string_agg(id::text, ' ' ORDER BY id) AS value FROM pigeonhole.parked_message"
const keys = `SELECT concat_ws(' ', nullif(scope, ''), topic, convert_from(key, 'UTF8')) AS value
  FROM pigeonhole.parked_key WHERE side = 'inbox' ORDER BY 1`
const allKeys = [
  'audit t a',
  'billing paused a',
  'billing t a',
  'billing t d',
  'billing t empty',
  'billing u a',
]

function key(of: Buffer, topic = 't'): ParkedPlace {
  return { topic, key: of, id: null }
}

function alone(id: string): ParkedPlace {
  return { topic: 't', key: null, id }
}

function parkable(of: Buffer | null, topic = 't'): ParkableMessage {
  const rest = { partition: 0, offset: 1n, id: null, headers: [], payload: null, createdAt: null }
  return { topic, key: of, ...rest }
}

function due(place: string, of: Buffer | null = a): DueMessage {
  return { place, message: parkable(of), attempts: 5, starts: 2, isLast: false }
}

function placeOf(claimed: Awaited<ReturnType<Scene['parking']['claimDue']>>): string | undefined {
  if (claimed === undefined || claimed === 'suspect') return claimed
  const { topic, key, id } = 'killer' in claimed ? claimed.killer : claimed
  return `${topic} ${key === null ? id : Buffer.from(key)}`
}

describe('of parked messages of the same topics and keys, a worker of an inbox', () => {
  let database: SpecDatabase
  let scene: Scene
  let undo: () => Promise<void>
  beforeAll(async () => {
    database = await SpecDatabase.create()
    await database.pool.query(`${bothSides}; ${more}`)
  })
  afterAll(() => database.drop())
  beforeEach(async () => {
    const { client, ...session } = await database.session()
    await client.query('BEGIN')
    scene = new Scene(session)
    undo = async () => {
      await client.query('ROLLBACK')
      client.release()
    }
  })
  afterEach(() => undo())

  it('claims its own keys, one after the other, and then its own messages without a key', async () => {
    await scene.values(makeDue)
    const claimed: (string | undefined)[] = []
    do claimed.push(placeOf(await scene.parking.claimDue(inbox, terms)))
    while (claimed.at(-1) !== undefined && claimed.length < 10)
    expect(claimed.slice(0, 3).sort()).toEqual(['t a', 't d', 't empty'])
    expect(claimed.slice(3)).toEqual(['t 25', undefined])
    const own = ['inbox billing t a', 'inbox billing t d', 'inbox billing t empty', 'message 25']
    expect(await scene.values(changed)).toEqual(own)
  })

  it.each([
    ['a key', "UPDATE pigeonhole.parked_key SET retry_at = now() WHERE topic = 't'"],
    ['a message', 'UPDATE pigeonhole.parked_message SET retry_at = now() WHERE id = 25'],
  ])('claims nothing where %s has a start without an end, beside others', async (_, make) => {
    await scene.values(make)
    expect(await scene.parking.claimDue(inbox, { ...terms, alone: false })).toBe('suspect')
    expect(await scene.values(changed)).toEqual([])
  })

  it.each([
    ['of a key with others', key(a), { place: '21', isLast: false }],
    ['of a key of its own', key(d), { place: '24', isLast: true }],
    ['of another topic', key(a, 'paused'), { place: '26', isLast: true }],
    ['of a key without messages', key(empty), undefined],
    ['without a key', alone('25'), { place: '25' }],
    ['of another inbox', alone('32'), undefined],
    ['of the outbox', alone('8'), undefined],
  ])('reads the oldest message %s', async (_, place, expected) => {
    await scene.values(
      "UPDATE pigeonhole.parked_key SET starts = 3 WHERE side = 'inbox' AND topic = 't' AND scope = 'billing' AND key = 'd'",
    )
    const read = await scene.parking.readDue(scene.session, inbox, place)
    if (expected) expect(read).toMatchObject({ ...expected, starts: place.key === d ? 3 : 2 })
    else expect(read).toBeUndefined()
  })

  it.each([
    ['its own', due('21'), '22 23'],
    ['one of another inbox', due('31'), '21 22 23'],
  ])('removes %s, and lets its key begin anew', async (_, one, left) => {
    const before = String(await scene.values(ids))
    await scene.parking.removeDue(scene.session, inbox, one)
    expect(String(await scene.values(ids))).toBe(before.replace('21 22 23', left))
    expect(await scene.values(changed)).toEqual(['inbox billing t a'])
  })

  it.each([
    ['its own', due('21'), ['inbox billing t a', 'message 21']],
    ['its own without a key', due('25', null), ['message 25']],
    ['one of another inbox', due('32', null), []],
  ])('notes the failure of %s', async (_, one, expected) => {
    await scene.parking.noteFailure(scene.session, inbox, one, failure)
    expect(await scene.values(changed)).toEqual(expected)
  })

  it.each([
    ['of a key', key(a), ['inbox billing t a']],
    ['without a key', alone('25'), ['message 25']],
    ['of another inbox', alone('32'), []],
  ])('gives back the claim of a message %s', async (_, place, expected) => {
    await scene.parking.returnClaim(inbox, place)
    expect(await scene.values(changed)).toEqual(expected)
  })

  it('leaves its own key', async () => {
    await scene.parking.leaveKey(inbox, key(a))
    expect(await scene.values(changed)).toEqual(['inbox billing t a'])
  })

  it('unblocks its own key, if nothing is left of it', async () => {
    expect(await scene.parking.unblockKey(inbox, key(a))).toBe(false)
    expect(await scene.parking.unblockKey(inbox, key(empty))).toBe(true)
    expect(await scene.values(keys)).toEqual(allKeys.filter((it) => it !== 'billing t empty'))
  })

  it('parks behind what is parked of its own key', async () => {
    const counts = () => run(scene.session, countParked, { inbox, topic: 't', keys: [a, d] })
    await scene.values('UPDATE pigeonhole.parked_message SET ordinal = id - 20 WHERE id IN (21, 22, 23)')
    expect(await counts()).toMatchObject([{ parked: 3 }, { parked: 1 }])
    await scene.parking.parkBehind(scene.session, inbox, [parkable(a), parkable(d), parkable(a)])
    expect(await counts()).toMatchObject([{ parked: 5 }, { parked: 2 }])
    const ordinals =
      "SELECT string_agg(ordinal::text, ' ' ORDER BY id) AS value FROM pigeonhole.parked_message WHERE id >= 100"
    expect(await scene.values(ordinals)).toEqual(['4 577 5'])
  })

  it('has a message without a key due by itself, and none that its key holds', async () => {
    for (const of of [null, a])
      await scene.parking.parkFailed(scene.session, inbox, parkable(of), { failure, retryMs: 0 })
    const times =
      'SELECT retry_at IS NOT NULL AS value FROM pigeonhole.parked_message WHERE id >= 100 ORDER BY id'
    expect(await scene.values(times)).toEqual([true, false])
    expect(await scene.values(keys)).toEqual(allKeys)
  })

  it('is not seen to by an operator of another one, who unblocks keys of which nothing is left', async () => {
    const places = (await scene.values(
      "SELECT ctid::text AS value FROM pigeonhole.parked_key WHERE scope = 'billing' AND topic = 't' AND key <> 'd'",
    )) as string[]
    expect(await run(scene.session, deleteEmptyKeysOfInbox, { inbox, places })).toHaveLength(1)
    await scene.values("DELETE FROM pigeonhole.parked_message WHERE key = 'd'")
    expect(await run(scene.session, deleteEmptyKeysOfInbox, { inbox, places })).toHaveLength(0)
    expect(await scene.values(keys)).toEqual(allKeys.filter((it) => it !== 'billing t empty'))
  })

  it('sees a key begin anew whose oldest message an operator discards, and no other one', async () => {
    await scene.inboxes.discardInboxParked({ inbox, ids: ['21'] })
    expect(await scene.values(changed)).toEqual(['inbox billing t a'])
    const left = 'SELECT count(*)::int AS value FROM pigeonhole.parked_key WHERE retry_at IS NOT NULL'
    expect(await scene.values(left)).toEqual([0])
  })

  it('has its messages shown to an operator, one by one, and by their topic', async () => {
    expect(await scene.inboxes.readInboxParkedMessage(inbox, '25')).toMatchObject({ id: '25' })
    const listed = await scene.inboxes.listInboxParkedMessages({ inbox, topic: 'u' }, 100)
    expect(listed.map(({ id }) => id)).toEqual(['27', '28'])
  })
})
