import type { ParkedGroup, ParkedSelection, WaitingKey } from '@pigeonhole/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { parkBlockedMessages } from '../sql/outbox-message/park-blocked.js'
import { countParked } from '../sql/parked-message/count.js'
import { lookAtParking } from '../sql/parked-message/look.js'
import { measureParking } from '../sql/parked-message/measure.js'
import { selectParkedOut } from '../sql/parked-message/select-out.js'
import { run, runForOne } from '../sql/statement.js'
import { bothSides, Scene } from './both-sides.fake.js'

const ofOutbox = ['1', '2', '3', '4', '5', '6', '7', '8', '11', '12', '13', '14']
const ofInboxes = ['21', '22', '23', '24', '25', '26', '31']
const inbox = 'billing'
const [a, b] = [Buffer.from('a'), Buffer.from('b')]
const reason = { code: 'REFUSED', error: 'again' }

// All but what a pause holds.
const makeDue = `UPDATE pigeonhole.parked_key SET retry_at = now();
  UPDATE pigeonhole.parked_message SET retry_at = now() WHERE key IS NULL AND error_code IS NOT NULL`
const endPause = 'UPDATE pigeonhole.paused_topic SET retry_at = now()'
const insertRows = `INSERT INTO pigeonhole.outbox_message (bucket, id, topic, key, headers)
  SELECT 7, gen_random_uuid(), topic, key::bytea, '[]'
  FROM (VALUES ('t', 'a'), ('t', 'd'), ('q', 'a'), ('t', NULL), ('paused', NULL)) AS given (topic, key)`
const dueNow = `SELECT concat_ws(' ', side, nullif(scope, ''), topic, convert_from(key, 'UTF8')) AS value
  FROM pigeonhole.parked_key WHERE retry_at IS NOT NULL
  UNION ALL SELECT 'message ' || id FROM pigeonhole.parked_message WHERE retry_at IS NOT NULL
  UNION ALL SELECT 'topic ' || topic FROM pigeonhole.paused_topic WHERE retry_at <= statement_timestamp() ORDER BY 1`
const idsLeft = 'SELECT id::text AS value FROM pigeonhole.parked_message ORDER BY id'
const keysLeft = `SELECT concat_ws(' ', side, nullif(scope, ''), topic, convert_from(key, 'UTF8')) AS value
  FROM pigeonhole.parked_key ORDER BY 1`
const pauses = "SELECT shard || ' ' || topic AS value FROM pigeonhole.paused_topic ORDER BY 1"
const keysOfInboxes = [
  'inbox audit t a',
  'inbox billing paused a',
  'inbox billing t a',
  'inbox billing t d',
  'inbox billing t empty',
]

function shown({ kind, topic, key, id, messages }: ParkedGroup): string {
  return `${kind} ${topic} ${key === null ? '-' : Buffer.from(key)}: ${messages} from ${id}`
}

function waiting({ topic, key, messages }: WaitingKey): string {
  return `${topic} ${Buffer.from(key)}: ${messages}`
}

function without(ids: readonly string[], gone: readonly number[]): string[] {
  return ids.filter((id) => !gone.includes(Number(id)))
}

describe('parked messages of the same topics and keys', () => {
  let database: SpecDatabase
  let scene: Scene
  let undo: () => Promise<void>
  beforeAll(async () => {
    database = await SpecDatabase.create()
    await database.pool.query(bothSides)
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

  it('are listed by their keys and by what holds them', async () => {
    expect((await scene.outbox.listParking()).map(shown).sort()).toEqual([
      'key paused b: 1 from 13',
      'key t a: 2 from 1',
      'key t b: 2 from 3',
      'key t c: 2 from 5',
      'key u a: 1 from 7',
      'message paused -: 1 from 14',
      'message t -: 1 from 8',
      'topic paused -: 2 from 11',
    ])
    expect((await scene.inboxes.listInboxParking(inbox)).map(shown).sort()).toEqual([
      'key paused a: 1 from 26',
      'key t a: 3 from 21',
      'key t d: 1 from 24',
      'key t empty: 0 from null',
      'message t -: 1 from 25',
    ])
  })

  it('are counted, and shown one by one, on their own side', async () => {
    expect(await runForOne(scene.session, countParked, null)).toEqual({ keys: 5, messages: 12 })
    expect(await runForOne(scene.session, measureParking, { limit: 100 })).toMatchObject({ messages: 12 })
    const placesOf = async (shard: number) =>
      (await run(scene.session, selectParkedOut, shard)).map(({ parkedId }) => parkedId)
    expect(await placesOf(0)).toEqual(without(ofOutbox, [7]))
    expect(await placesOf(1)).toEqual(['7'])
    expect(await scene.outbox.readParkedMessage('21')).toBeNull()
    for (const id of ['1', '31']) expect(await scene.inboxes.readInboxParkedMessage(inbox, id)).toBeNull()
  })

  it.each<[ParkedSelection, string[]]>([
    [{ topic: 'u' }, ['outbox u a']],
    [{ topic: 't', key: a }, ['outbox t a']],
    [{ key: a }, ['outbox t a', 'outbox u a', 'topic paused']],
    [{ topic: 't' }, ['message 8', 'outbox t a', 'outbox t b', 'outbox t c']],
    [{ topic: 'paused' }, ['message 14', 'outbox paused b', 'topic paused']],
    [{ ids: ['4'] }, ['outbox t b']],
    [{ ids: ['12'] }, ['topic paused']],
    [{ ids: ['13', '14'] }, ['message 14', 'outbox paused b']],
    [{ ids: ['21', '25', '26'] }, []],
    [{ ids: ['2'], topic: 'u' }, []],
    [{ ids: ['2'], key: b }, []],
  ])('are sent again by %j, and no others', async (selection, due) => {
    await scene.outbox.retryParked(selection)
    expect(await scene.values(dueNow)).toEqual(due)
  })

  it.each<[ParkedSelection, string[]]>([
    [{}, ['inbox billing paused a', 'inbox billing t a', 'inbox billing t d', 'message 25']],
    [{ topic: 't', key: a }, ['inbox billing t a']],
    [{ ids: ['22'] }, ['inbox billing t a']],
    [{ ids: ['1', '8', '31'] }, []],
  ])('are handled again by %j, and no others', async (selection, due) => {
    await scene.inboxes.retryInboxParked({ ...selection, inbox })
    expect(await scene.values(dueNow)).toEqual(due)
  })

  it.each<[ParkedSelection, number[], number]>([
    [{}, [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14], 5],
    [{ topic: 't' }, [1, 2, 3, 4, 5, 6, 8], 3],
    [{ topic: 't', key: a }, [1, 2], 1],
    [{ key: a }, [1, 2, 7, 12], 2],
    [{ ids: ['2', '22'] }, [2], 0],
  ])('are discarded by %j, and no others', async (selection, gone, unblocked) => {
    const discarded = await scene.outbox.discardParked(selection)
    expect(discarded).toEqual({ messages: gone.length, unblocked, inFlight: 0, behind: [] })
    expect(await scene.values(idsLeft)).toEqual([...without(ofOutbox, gone), ...ofInboxes])
    expect((await scene.values(keysLeft)).slice(0, 5)).toEqual(keysOfInboxes)
  })

  it.each<[ParkedSelection, number[], number]>([
    [{}, [21, 22, 23, 24, 25, 26], 3],
    [{ topic: 't', key: a }, [21, 22, 23], 1],
    [{ ids: ['2', '8', '22', '31'] }, [22], 0],
  ])('of an inbox are discarded by %j, and no others', async (selection, gone, unblocked) => {
    const discarded = await scene.inboxes.discardInboxParked({ ...selection, inbox })
    expect(discarded).toEqual({ messages: gone.length, unblocked, busy: 0, behind: [] })
    expect(await scene.values(idsLeft)).toEqual([...ofOutbox, ...without(ofInboxes, gone)])
    expect(await scene.values(keysLeft)).toHaveLength(10 - unblocked)
  })

  it('are told of where they wait behind what is discarded, and no others', async () => {
    const { behind } = await scene.outbox.discardParked({ ids: ['1', '3', '6', '8'] })
    expect(behind.map(waiting)).toEqual(['t a: 1', 't b: 1'])
    const ofInbox = await scene.inboxes.discardInboxParked({ inbox, ids: ['21', '24', '25'] })
    expect(ofInbox.behind.map(waiting)).toEqual(['t a: 2'])
  })

  it('are taken off, and their keys unblocked, on the side of the outbox alone', async () => {
    await scene.relay().applyReleases(['1', '2', '3', '21', '31'])
    expect(await scene.values(idsLeft)).toEqual([...without(ofOutbox, [1, 2, 3]), ...ofInboxes])
    expect(await scene.values(keysLeft)).toEqual([
      ...keysOfInboxes,
      ...['outbox paused b', 'outbox t b', 'outbox t c', 'outbox u a'],
    ])
  })

  it('are refused again on the side of the outbox alone', async () => {
    await scene.relay().refuseRelease('21', reason)
    expect(
      await scene.values("SELECT error AS value FROM pigeonhole.parked_message WHERE error = 'again'"),
    ).toEqual([])
  })

  it('are released when they are due, by their own shard, and not before a pause of their topic ends', async () => {
    expect([await scene.releases(0), await scene.releases(1)]).toEqual([[], []])
    await scene.values(makeDue)
    expect([await scene.releases(0), await scene.releases(1)]).toEqual([[1, 2, 3, 4, 5, 6, 8], [7]])
    await scene.values(endPause)
    expect([await scene.releases(0), await scene.releases(1)]).toEqual([[1, 2, 3, 4, 5, 6, 8, 11, 12], [7]])
  })

  it('are paused for their own shard alone', async () => {
    const pause = (
      topic: string,
      from: string,
    ) => `INSERT INTO pigeonhole.paused_topic (shard, topic, error_code, error, retry_at)
      VALUES (1, '${topic}', 'TOPIC_MISSING', 'gone', now() ${from})`
    await scene.values(makeDue, pause('t', "+ interval '1 hour'"), pause('paused', "- interval '1 hour'"))
    expect(await scene.releases(0)).toEqual([1, 2, 3, 4, 5, 6, 8])
    expect(await runForOne(scene.session, lookAtParking, 0)).toEqual({ parked: true, due: true })
    await scene.values(
      'DELETE FROM pigeonhole.paused_topic WHERE shard = 0',
      "DELETE FROM pigeonhole.parked_key WHERE side = 'outbox'",
      "DELETE FROM pigeonhole.parked_message WHERE side = 'outbox'",
    )
    expect(await runForOne(scene.session, lookAtParking, 0)).toEqual({ parked: false, due: false })
  })

  it('are seen by their own shard, and are due when a pause of their topic has ended', async () => {
    const look = async (shard: number) => runForOne(scene.session, lookAtParking, shard)
    expect(await look(0)).toEqual({ parked: true, due: false })
    await scene.values(
      "DELETE FROM pigeonhole.parked_key WHERE topic = 't'",
      'DELETE FROM pigeonhole.parked_message WHERE id = 8',
    )
    await scene.values(makeDue)
    expect([await look(0), await look(1)]).toEqual([
      { parked: true, due: false },
      { parked: true, due: true },
    ])
    await scene.values(endPause)
    expect(await look(0)).toEqual({ parked: true, due: true })
    await scene.values(
      "DELETE FROM pigeonhole.paused_topic; DELETE FROM pigeonhole.parked_key WHERE topic = 'paused'",
    )
    expect(await look(0)).toEqual({ parked: true, due: true })
    await scene.values("DELETE FROM pigeonhole.parked_message WHERE side = 'outbox' AND topic <> 'u'")
    expect([await look(0), await look(1)]).toEqual([
      { parked: false, due: false },
      { parked: true, due: true },
    ])
  })

  it.each([
    [0, ['paused -', 't a']],
    [1, ['t a']],
  ])(
    'keep what comes of their keys, and of the topics that shard %d has paused, and nothing else',
    async (shard, parked) => {
      await scene.values(insertRows)
      const seqs = (await scene.values(
        'SELECT seq::text AS value FROM pigeonhole.outbox_message',
      )) as string[]
      const moved = await run(scene.session, parkBlockedMessages, { shard, seqs })
      expect(moved).toHaveLength(parked.length)
      const newest = `SELECT concat_ws(' ', topic, coalesce(convert_from(key, 'UTF8'), '-')) AS value
      FROM pigeonhole.parked_message WHERE error_code IS NULL AND message_id NOT LIKE 'id-%' ORDER BY 1`
      expect(await scene.values(newest)).toEqual(parked)
    },
  )

  it('have their topic paused anew where nothing else holds them, by their own shard', async () => {
    await scene.values('DELETE FROM pigeonhole.paused_topic')
    for (const shard of [1, 0]) expect(await scene.relay(shard).openParking()).toBe(true)
    expect(await scene.values(pauses)).toEqual(['0 paused'])
  })

  it('keep their topic paused while nothing else holds them, and no other topic', async () => {
    await scene.values(`INSERT INTO pigeonhole.paused_topic (shard, topic, error_code, error, retry_at)
      SELECT 0, 'quiet', 'TOPIC_MISSING', 'gone', max(retry_at) FROM pigeonhole.paused_topic`)
    expect(await scene.relay(0).applyReleases([])).toEqual([])
    await scene.values(endPause)
    expect(await scene.relay(1).applyReleases([])).toEqual([])
    expect(await scene.relay(0).applyReleases([])).toEqual(['quiet'])
    expect(await scene.relay(0).applyReleases(['11'])).toEqual([])
    expect(await scene.relay(0).applyReleases(['12'])).toEqual(['paused'])
  })
})
