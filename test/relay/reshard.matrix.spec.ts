import { adopt } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { describe, expect, inject, it } from 'vitest'
import { killInTurn, settleAll } from './attacks.js'
import { type Point, reshardPoints } from './points.js'
import { RelayLab } from './relay-lab.js'
import type { RelayProcess } from './relay-process-handle.js'
import type { Fault } from './relay-process-protocol.js'
import { turns } from './turns.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

/** Two relays of different numbers of shards, at work. */
async function startRelays(lab: RelayLab): Promise<RelayProcess[]> {
  const relays = [lab.startRelay(), lab.startRelay({ shards: 2 })]
  await Promise.race(relays.map((relay) => relay.event('batch:published')))
  return relays
}

/** The checkpoint topic is deleted, and an operator adopts what the log and the cursors say. */
async function loseCheckpoints({ name, databaseUrl }: RelayLab): Promise<void> {
  const kafka = new Kafka({ brokers: [...servers.kafkaBrokers], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  await admin.deleteTopics({ topics: [`pigeonhole.relay.${name}`] })
  await expect.poll(() => admin.listTopics(), { timeout: 30_000 }).not.toContain(`pigeonhole.relay.${name}`)
  await admin.disconnect()
  const pool = new pg.Pool({ connectionString: databaseUrl })
  const ports = { store: postgresStore(pool), publisher: kafkajsPublisher(kafka) }
  const { outcome, adopted } = await adopt({ name, ...ports, confirm: async () => true })
  await pool.end()
  expect(outcome).toBe('adopted')
  expect(adopted.map(({ shard }) => shard)).toEqual([0, 1])
}

/**
 * Begins to divide the outbox anew, and resolves at `point`. Begun again where a relay came between before that: on a busy machine it
 * may miss the short lease.
 */
async function reshardingAt(lab: RelayLab, fault: Fault): Promise<RelayProcess> {
  for (;;) {
    const resharding = lab.startReshard(4, fault)
    const reached = await resharding.reached().then(
      () => true,
      () => false,
    )
    if (reached) return resharding
    if (!resharding.history().includes('RESHARD_INTERRUPTED')) throw new Error(resharding.history())
  }
}

/** Dividing the outbox anew is killed at each of `points`; the relays go on each time, and a last attempt divides it. */
async function killReshard(points: readonly Point[]): Promise<void> {
  await using lab = await RelayLab.open(servers)
  const writers = lab.startWriters()
  const relays = await startRelays(lab)
  for (const point of points) {
    await killInTurn([point], (fault) => reshardingAt(lab, fault))
    await lab.published(1)
  }
  await lab.reshard(3)
  await lab.published(3)
  await settleAll(lab, writers, relays)
}

/** It is paused at `point` until a relay has taken the shards back, and wakes up. */
async function pauseReshard(point: Point): Promise<void> {
  await using lab = await RelayLab.open(servers)
  const writers = lab.startWriters()
  const relays = await startRelays(lab)
  const resharding = await reshardingAt(lab, { ...point, signal: 'SIGSTOP' })
  await lab.published(1)
  resharding.signal('SIGCONT')
  expect(await resharding.exited).toEqual({ code: 1, signal: null })
  expect(resharding.history()).toContain('RESHARD_INTERRUPTED')
  await lab.reshard(2)
  await lab.published(2)
  await settleAll(lab, writers, relays)
}

/** From here on the outbox is divided. */
const alone = /^store\.(changeShards:(during|after)|releaseLease)/

const pauses: readonly Point[] = [
  { point: 'producer.readCheckpoint:after', occurrence: 1 },
  { point: 'publisher.extendCheckpointTopic:after', occurrence: 1 },
  { point: 'producer.begin:after', occurrence: 1 },
  { point: 'store.changeShards:before', occurrence: 1 },
]

describe('dividing an outbox anew loses, repeats, invents and reorders nothing', { timeout: 300_000 }, () => {
  it.each(turns(reshardPoints, { alone }))('when it is killed at %s', (_, points) => killReshard(points))

  it.each(pauses)('when it is paused at $point until a relay has the shards, and wakes up', pauseReshard)

  it('when a retired shard comes back after its checkpoints were lost', async () => {
    await using lab = await RelayLab.open(servers)
    const before = lab.startWriters()
    const first = lab.startRelay({ shards: 2 })
    await first.event('batch:published', { shard: 1 })
    await lab.reshard(1)
    await before.stop()
    await first.drain()
    expect(await first.stop()).toEqual({ code: 0, signal: null })
    await loseCheckpoints(lab)
    const writers = lab.startWriters()
    const relay = lab.startRelay()
    await relay.event('batch:published')
    await lab.reshard(2)
    await lab.published(2)
    await settleAll(lab, writers, [relay])
  })

  it('when the relay that has most of the shards is killed right after it', async () => {
    await using lab = await RelayLab.open(servers)
    const writers = lab.startWriters()
    const [first, second] = (await startRelays(lab)) as [RelayProcess, RelayProcess]
    await lab.reshard(4)
    first.signal('SIGKILL')
    await lab.published(4)
    await lab.reshard(1)
    await lab.published(1)
    await settleAll(lab, writers, [second])
  })
})
