import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { migrate } from '@pigeonhole/postgres'
import {
  checkExactlyOnce,
  createDatabase,
  createTopics,
  type ExactlyOnceVerdict,
  loggedMessage,
  readLog,
  type TestDatabase,
} from '@pigeonhole/testing'
import pg from 'pg'
import { ChaosWriters, chaosTables, readLedger, type WriterTally } from './chaos-writers.js'
import type { ChaosCluster } from './cluster.js'
import { faults, type Victims } from './faults.js'
import type { History } from './history.js'
import { type Lane, lanes, type Plan } from './plan.js'
import { RelayCrew } from './relay-crew.js'

/** What a round is made from. */
export interface RoundSetup {
  readonly cluster: ChaosCluster
  readonly plan: Plan
  readonly history: History
  /** How long things are broken, in milliseconds. */
  readonly faultsMs: number
  readonly shards: number
}

/** What has come of a round. */
export interface RoundOutcome extends WriterTally {
  readonly verdict: ExactlyOnceVerdict
  /** Acknowledged commits that are not in the database: a crash took them back, and none may be in the log. */
  readonly takenBack: number
  readonly batches: number
  /** Those of them that were confirmed while things were broken. */
  readonly batchesAmidFaults: number
  readonly reopened: number
  /** Why relays have halted. */
  readonly halts: readonly string[]
}

const relays = 2
const writers = 4
// Brokers come back, leases and transactions run out.
const drainMs = 120_000

/** A new database, new topics and a new relay name; faults of every lane at the same time; then everything is mended and checked. */
export async function runRound(setup: RoundSetup): Promise<RoundOutcome> {
  const { cluster, plan, history, faultsMs, shards } = setup
  const name = `chaos-${randomBytes(4).toString('hex')}`
  const topics = [`${name}-a`, `${name}-b`]
  const [database, other] = await openDatabases(cluster)
  await createTopics(
    cluster.kafka.brokers,
    topics.map((topic) => ({ topic, numPartitions: 3 })),
  )
  history.note(`round ${name} begins, ${shards} shards`)
  const url = cluster.urlOfRelays(database.url)
  const options = { ...relayOptions, name, databaseUrl: url, brokers: cluster.kafka.brokers, shards }
  const crew = new RelayCrew({ options, size: relays, plan, history })
  try {
    const writing = new ChaosWriters(cluster.urlOfWriters(database.url), topics, writers)
    const victims = { cluster, crew, otherDatabaseUrl: other.url, over: AbortSignal.timeout(faultsMs) }
    await breakEverything(setup, victims)
    cluster.heal()
    const batchesAmidFaults = crew.published
    history.note(`faults end, ${batchesAmidFaults} batches so far`)
    const tally = await writing.stop()
    await crew.finish(drainMs)
    history.note('drained')
    return {
      ...tally,
      batchesAmidFaults,
      ...(await judge({ cluster, database, topics }, tally)),
      ...countsOf(crew),
    }
  } finally {
    crew.kill()
    await Promise.all([database.drop(), other.drop()])
  }
}

const relayOptions = { leaseMs: 3_000, renewMs: 600, batchRows: 50, requestTimeoutMs: 4_000 }

async function openDatabases({ postgres }: ChaosCluster): Promise<[TestDatabase, TestDatabase]> {
  const [database, other] = [await createDatabase(postgres), await createDatabase(postgres)]
  await migrate({ connectionString: database.url })
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(chaosTables)
  await client.end()
  return [database, other]
}

async function breakEverything({ plan, history }: RoundSetup, victims: Victims): Promise<void> {
  const breaking = (Object.keys(lanes) as Lane[]).map(async (lane) => {
    while (!victims.over.aborted) {
      const step = plan.nextStep(lane)
      await delay(step.gapMs, undefined, { signal: victims.over }).catch(() => undefined)
      if (victims.over.aborted) return
      await faults[step.kind](victims, step, (what) => history.injected(step.kind, what))
    }
  })
  await Promise.all(breaking)
}

interface Evidence {
  readonly cluster: ChaosCluster
  readonly database: TestDatabase
  readonly topics: readonly string[]
}

async function judge(
  { cluster, database, topics }: Evidence,
  { acknowledged }: WriterTally,
): Promise<Pick<RoundOutcome, 'verdict' | 'takenBack'>> {
  const committed = await readLedger(database.url)
  const records = await readLog({ brokers: cluster.kafka.brokers, topics })
  const kept = new Set(committed.map(({ id }) => id))
  return {
    verdict: checkExactlyOnce({ committed, log: records.map((record) => loggedMessage(record)) }),
    takenBack: acknowledged.filter((id) => !kept.has(id)).length,
  }
}

function countsOf({
  published,
  reopened,
  halts,
}: RelayCrew): Pick<RoundOutcome, 'batches' | 'reopened' | 'halts'> {
  return { batches: published, reopened, halts }
}
