import { createOutbox } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import { nextEvent } from '@pigeonhole/testing'
import type pg from 'pg'
import { describe, expect, inject, it } from 'vitest'
import { HeldRelay } from './held-relay.js'
import { ParkingLab } from './parking-lab.js'
import { RelayLab } from './relay-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

async function ask(pool: pg.Pool, text: string): Promise<unknown> {
  const { rows } = await pool.query(text)
  return Object.values(rows[0] as object)[0]
}

const leases = 'SELECT count(*)::int FROM pigeonhole.relay_shard WHERE lease_holder IS NOT NULL'
const batches = 'SELECT max(number)::int FROM pigeonhole.relay_batch'
const confirmed = 'SELECT confirmed::int FROM pigeonhole.relay_shard'
const parked = 'SELECT count(*)::int FROM pigeonhole.parked_message'
const paused = 'SELECT count(*)::int FROM pigeonhole.paused_topic'

async function publish({ pool, relay }: HeldRelay, topic: string): Promise<void> {
  const client = await pool.connect()
  await client.query('BEGIN')
  await createOutbox({ store: postgresStore(pool) }).publishRaw(client, [{ topic, key: 'key', value: '{}' }])
  await client.query('COMMIT')
  client.release()
  relay.wake()
}

// docs/events.md says before or behind which commit each event comes. Here the relay is held at the moments around that
// commit, and the servers are asked.
describe('an event of a relay', () => {
  it('lease:taken comes after the commit of the lease', async () => {
    await using lab = await RelayLab.open(servers)
    await using held = new HeldRelay(servers, lab, ['lease:taken'])
    const { relay, pool, told } = held
    const before = held.hold('store.takeLease:before')
    const after = held.hold('store.takeLease:after')
    await relay.start()
    await before.reached
    expect([told, await ask(pool, leases)]).toEqual([[], 0])
    before.release()
    await after.reached
    expect([told, await ask(pool, leases)]).toEqual([[], 1])
    const taken = nextEvent(relay, 'lease:taken')
    after.release()
    await taken
  })

  it('lease:lost comes after the commit in which another process takes it', async () => {
    await using lab = await RelayLab.open(servers)
    await using held = new HeldRelay(servers, lab, ['lease:lost'])
    const { relay, pool, told } = held
    const renewal = held.hold('store.renewLease:before')
    await relay.start()
    await renewal.reached
    await pool.query("UPDATE pigeonhole.relay_shard SET lease_holder = 'another', renewal = renewal + 1")
    expect(told).toEqual([])
    const lost = nextEvent(relay, 'lease:lost')
    renewal.release()
    await lost
  })

  it('shard:opened comes after the commit of the agreement, and at genesis after Kafka’s', async () => {
    await using lab = await RelayLab.open(servers)
    await using held = new HeldRelay(servers, lab, ['shard:opened'])
    const commit = held.hold('producer.commit:after')
    await held.relay.start()
    await commit.reached
    expect([held.told, await ask(held.pool, batches)]).toEqual([[], 0])
    const opened = nextEvent(held.relay, 'shard:opened')
    commit.release()
    expect(await opened).toMatchObject({ batch: 0, genesis: true })
  })

  it('batch:prepared comes after the commit of the intent and before Kafka’s of the batch', async () => {
    await using lab = await RelayLab.open(servers)
    await using held = new HeldRelay(servers, lab, ['batch:prepared'])
    const { relay, pool, told } = held
    const opened = nextEvent(relay, 'shard:opened')
    await relay.start()
    await opened
    const intent = held.hold('tx.insertBatch:committing')
    const written = held.hold('tx.insertBatch:committed')
    const commit = held.hold('producer.commit:before')
    await publish(held, lab.topics[0] as string)
    await intent.reached
    expect([told, await ask(pool, batches)]).toEqual([[], 0])
    intent.release()
    await written.reached
    expect([told, await ask(pool, batches)]).toEqual([[], 1])
    written.release()
    await commit.reached
    expect([told, await lab.logged()]).toEqual([['batch:prepared'], []])
  })

  it('batch:published comes after Kafka’s commit and before PostgreSQL is told of it', async () => {
    await using lab = await RelayLab.open(servers)
    await using held = new HeldRelay(servers, lab, ['batch:published'])
    const { relay, pool, told } = held
    const opened = nextEvent(relay, 'shard:opened')
    await relay.start()
    await opened
    const commit = held.hold('producer.commit:after')
    await publish(held, lab.topics[0] as string)
    await commit.reached
    expect([told, (await lab.logged()).length]).toEqual([[], 1])
    const next = held.hold('store.guarded:before')
    const published = nextEvent(relay, 'batch:published')
    commit.release()
    await published
    await next.reached
    expect(await ask(pool, confirmed)).toBe(0)
    next.release()
    await expect.poll(() => ask(pool, confirmed)).toBe(1)
  })

  it('partition:truncated comes after the commit of the truncation, cleaning:delayed when it has to be put off', async () => {
    await using lab = await RelayLab.open(servers)
    await using held = new HeldRelay(servers, lab, ['partition:truncated', 'cleaning:delayed'])
    const { relay, pool, told } = held
    const opened = nextEvent(relay, 'shard:opened')
    await relay.start()
    await opened
    const reader = await pool.connect()
    await reader.query('BEGIN; LOCK TABLE pigeonhole.outbox_message_0 IN ACCESS SHARE MODE')
    const delayed = nextEvent(relay, 'cleaning:delayed')
    await publish(held, lab.topics[0] as string)
    expect(await delayed).toMatchObject({ held: [0] })
    const putOff = held.hold('tx.reclaim:committing')
    await putOff.reached
    await reader.query('COMMIT')
    reader.release()
    const truncation = held.hold('tx.reclaim:committing')
    const passed = held.hold('tx.reclaim:committed')
    putOff.release()
    // That of the one that was put off, which has nothing to tell.
    await passed.reached
    const committed = held.hold('tx.reclaim:committed')
    passed.release()
    await truncation.reached
    expect(told).toEqual(['cleaning:delayed'])
    truncation.release()
    await committed.reached
    expect(told).toEqual(['cleaning:delayed'])
    expect(await ask(pool, 'SELECT count(*)::int FROM pigeonhole.outbox_message_0')).toBe(0)
    const event = nextEvent(relay, 'partition:truncated')
    committed.release()
    expect(await event).toMatchObject({ partition: 0 })
  })

  it('record:parked and messages:parked come after the commits that park, messages:parked before Kafka’s of the rest', async () => {
    await using parking = await ParkingLab.openRefusing(servers)
    await using held = new HeldRelay(servers, parking.lab, ['record:parked', 'messages:parked'])
    const { relay, pool, told } = held
    const record = held.hold('tx.parkMessage:committing')
    const recorded = held.hold('tx.parkMessage:committed')
    const followers = held.hold('tx.parkBlocked:committed')
    await relay.start()
    await record.reached
    expect([told, await ask(pool, parked)]).toEqual([[], 0])
    record.release()
    await recorded.reached
    expect([told, await ask(pool, parked)]).toEqual([[], 1])
    recorded.release()
    await followers.reached
    expect(told).toEqual(['record:parked'])
    expect(await ask(pool, parked)).toBeGreaterThan(1)
    const commit = held.hold('producer.commit:before')
    followers.release()
    await commit.reached
    expect(told).toEqual(['record:parked', 'messages:parked'])
  })

  it('messages:released comes after Kafka’s commit and that of their removal', async () => {
    await using parking = await ParkingLab.openRefusing(servers)
    await using held = new HeldRelay(servers, parking.lab, ['messages:released'])
    const { relay, pool, told } = held
    await relay.start()
    await parking.seedsParked()
    await parking.takeLargeRecords()
    await relay.drain()
    const waiting = await ask(pool, parked)
    const removal = held.hold('tx.applyReleases:committing')
    const removed = held.hold('tx.applyReleases:committed')
    await parking.store.retryParked({})
    await removal.reached
    expect([told, await ask(pool, parked)]).toEqual([[], waiting])
    removal.release()
    await removed.reached
    expect(told).toEqual([])
    expect(await ask(pool, parked)).toBeLessThan(waiting as number)
    const released = nextEvent(relay, 'messages:released')
    removed.release()
    await released
  })

  it('topic:paused and topic:resumed come after the commits of the pause and of its end', async () => {
    await using parking = await ParkingLab.openWithoutTopic(servers)
    await using held = new HeldRelay(servers, parking.lab, ['topic:paused', 'topic:resumed'])
    const { relay, pool, told } = held
    const pause = held.hold('tx.pauseTopic:committing')
    const pausing = held.hold('tx.pauseTopic:committed')
    await relay.start()
    await publish(held, parking.lateTopic)
    await pause.reached
    expect([told, await ask(pool, paused)]).toEqual([[], 0])
    pause.release()
    await pausing.reached
    expect([told, await ask(pool, paused)]).toEqual([[], 1])
    const end = held.hold('tx.applyReleases:committed')
    pausing.release()
    await parking.createLateTopic()
    await end.reached
    expect([told.filter((name) => name === 'topic:resumed'), await ask(pool, paused)]).toEqual([[], 0])
    const resumed = nextEvent(relay, 'topic:resumed')
    end.release()
    await resumed
  })
})
