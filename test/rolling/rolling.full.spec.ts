import { migrate, requiredSchemaVersion } from '@pigeonhole/postgres'
import { describe, expect, inject, it, onTestFailed } from 'vitest'
import { RelayLab } from '../relay/relay-lab.js'
import type { RelayProcess } from '../relay/relay-process-handle.js'
import type { Writers } from '../relay/writers.js'
import { earlierBuilds } from './earlier-build.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
const shards = 4
const timeoutMs = 300_000
const builds = await earlierBuilds()
/** The tables of this version and of later ones let nobody write an intent who was made for earlier ones. */
const oldestUsable = 4
const usable = builds.filter(({ schemaVersion }) => schemaVersion >= oldestUsable)
const refused = builds.filter(({ schemaVersion }) => schemaVersion < oldestUsable)

/** Ends the writers, lets `relay` send what they have committed, and compares database and log. */
async function settle(lab: RelayLab, writers: readonly Writers[], relay: RelayProcess): Promise<void> {
  for (const each of writers) await each.stop()
  await relay.drain()
  await expect.poll(() => lab.leftInOutbox(), { timeout: 60_000 }).toBe(0)
  expect(await relay.stop()).toEqual({ code: 0, signal: null })
  const verdict = await lab.verdict()
  expect(verdict).toMatchObject({ passed: true, faults: 0 })
  expect(verdict.log.committed).toBeGreaterThan(50)
}

/** A relay that shows what it has told where its test fails. */
function shown(relay: RelayProcess): RelayProcess {
  onTestFailed(() => void process.stderr.write(`${relay.history().slice(-10_000)}\n\n`))
  return relay
}

/** Resolves when `relay` has come to every shard: it stands by, or has the lease already, which whoever has trouble gives up. */
async function isThere(relay: RelayProcess): Promise<void> {
  const states = ['standby', 'opening']
  for (let shard = 0; shard < shards; shard++)
    await Promise.any(states.map((state) => relay.event('shard:changed', { shard, state })))
}

describe.each(usable)(
  'an earlier build, made for tables of version $schemaVersion, and this one',
  (build) => {
    it(
      'take over from each other on the tables of this one, as they stop and are killed in the middle of a batch',
      async () => {
        await using lab = await RelayLab.open(servers)
        const writers = [lab.startWriters(2), lab.startWriters(2, build.writers)]
        const earlier = (fault?: string): RelayProcess =>
          shown(lab.startRelay({ shards, program: build.relay, ...killedAt(fault) }))
        const current = (fault?: string): RelayProcess =>
          shown(lab.startRelay({ shards, ...killedAt(fault) }))

        const first = earlier()
        await lab.published(shards)
        const second = current()
        await isThere(second)
        expect(await first.stop()).toEqual({ code: 0, signal: null })
        await lab.published(shards)

        // Back to the earlier one, which is killed with a batch sent that is not confirmed.
        const third = earlier('producer.commit:after')
        await isThere(third)
        expect(await second.stop()).toEqual({ code: 0, signal: null })
        await third.reached()

        const fourth = current('producer.commit:before')
        await fourth.reached()
        const fifth = earlier()
        await lab.published(shards)
        const last = current()
        await isThere(last)
        fifth.signal('SIGKILL')
        await lab.published(shards)
        await settle(lab, writers, last)
      },
      timeoutMs,
    )

    it(
      'pass the outbox on while its tables are brought from the version of the one to that of the other',
      async () => {
        await using lab = await RelayLab.open(servers, { schemaVersion: build.schemaVersion })
        const writers = [lab.startWriters(4, build.writers)]
        const first = shown(lab.startRelay({ shards, program: build.relay }))
        await lab.published(shards)
        await migrate({ connectionString: lab.databaseUrl })
        await lab.published(shards)
        const last = shown(lab.startRelay({ shards }))
        await isThere(last)
        expect(await first.stop()).toEqual({ code: 0, signal: null })
        await lab.published(shards)
        await settle(lab, writers, last)
      },
      timeoutMs,
    )
  },
)

describe.each(refused)(
  'an earlier build, made for tables of version $schemaVersion, which later ones refuse',
  (build) => {
    it(
      'sends nothing more once the tables are migrated, says so, and leaves everything to this one',
      async () => {
        await using lab = await RelayLab.open(servers, { schemaVersion: build.schemaVersion })
        const writers = [lab.startWriters(4, build.writers)]
        const first = shown(lab.startRelay({ shards, program: build.relay }))
        await lab.published(shards)
        await migrate({ connectionString: lab.databaseUrl })
        await first.told(
          (message) =>
            message.type === 'event' && !!message.data.error?.includes('This relay is older than the tables'),
        )
        const last = shown(lab.startRelay({ shards }))
        await isThere(last)
        expect(await first.stop()).toEqual({ code: 0, signal: null })
        await lab.published(shards)
        await settle(lab, writers, last)
      },
      timeoutMs,
    )
  },
)

describe.each(builds.filter(({ schemaVersion }) => schemaVersion < requiredSchemaVersion))(
  'tables of version $schemaVersion',
  ({ schemaVersion, writers: Earlier }) => {
    it(
      'have a relay of this build wait, which says why, until they are migrated',
      async () => {
        await using lab = await RelayLab.open(servers, { schemaVersion })
        const writers = [lab.startWriters(4, Earlier)]
        const relay = shown(lab.startRelay({ shards: 1 }))
        const waits = await relay.told(
          (message) => message.type === 'event' && message.data.state === 'waiting' && !!message.data.error,
        )
        expect(waits).toMatchObject({ data: { error: expect.stringContaining('SCHEMA_OUTDATED') } })
        await migrate({ connectionString: lab.databaseUrl })
        await relay.event('shard:changed', { state: 'publishing' })
        await settle(lab, writers, relay)
      },
      timeoutMs,
    )
  },
)

/** SIGKILL when a point has been reached often enough for each shard to be at work. */
function killedAt(point: string | undefined): object {
  return point === undefined ? {} : { fault: { point, occurrence: 40, signal: 'SIGKILL' } }
}
