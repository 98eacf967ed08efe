import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createDatabase, createTopics, type ExactlyOnceVerdict, type TestDatabase } from '@pigeonhole/testing'
import {
  createChaosDatabase,
  type LedgerEntry,
  readEffects,
  readLedger,
  readParkedByInboxes,
} from './chaos-database.js'
import { ChaosWriters, type WriterTally } from './chaos-writers.js'
import type { ChaosCluster } from './cluster.js'
import { ConsumerCrew } from './consumer-crew.js'
import { faults, type Victims } from './faults.js'
import type { History } from './history.js'
import { compare } from './judge.js'
import { Operator } from './operator.js'
import { type Lane, lanes, type Plan } from './plan.js'
import { RelayCrew } from './relay-crew.js'
import { SideOutboxes } from './side-outboxes.js'
import { asksUntil } from './within.js'

/** How much is broken in a round. */
export interface Extent {
  /** When it ends, in milliseconds. */
  readonly ms: number
  /** Most faults of each lane, and outboxes of their own. With them a round ends as soon as all are done. Default: no limit. */
  readonly most?: Readonly<Record<Lane | 'sideOutboxes', number>>
  /** What is broken from outside. Default: everything. */
  readonly lanes?: readonly Lane[]
  /** Members of a group that handles what is sent, and publishes of each message. Default: none. */
  readonly consumers?: number
}

/** What a round is made from. */
export interface RoundSetup {
  readonly cluster: ChaosCluster
  readonly plan: Plan
  readonly history: History
  readonly extent: Extent
  readonly shards: number
}

/** Relays have halted, or ended by themselves: a violation, and nothing can be drained any more. */
export class RelaysHalted extends Error {
  override readonly name = 'RelaysHalted'

  constructor(halts: readonly string[], cause: unknown) {
    super(halts.join('\n'), { cause })
  }
}

/** What has come of a round. */
export interface RoundOutcome extends Omit<WriterTally, 'acknowledged'> {
  readonly verdict: ExactlyOnceVerdict
  /** Of the outboxes that were opened and adopted beside it. */
  readonly sideVerdicts: readonly ExactlyOnceVerdict[]
  readonly acknowledged: number
  /** Acknowledged commits that are not in the database: a crash took them back, and none may be in the log. */
  readonly takenBack: number
  /** Transactions that were given an id of one that was taken back. */
  readonly reusedXids: number
  readonly batches: number
  /** Those of them that were confirmed while things were broken. */
  readonly batchesAmidFaults: number
  readonly reopened: number
  readonly parkedRecords: number
  readonly pausedTopics: number
  readonly released: number
  readonly resharded: number
  /** Consumers that were started, and how often they were given partitions. */
  readonly consumersStarted: number
  readonly rebalances: number
  /** Why relays have halted, what inboxes have parked, and consumers that have ended by themselves. */
  readonly halts: readonly string[]
}

const relays = 2
const writers = 4
// Brokers come back, leases and transactions run out.
const drainMs = 180_000

/** A new database, new topics and a new relay name; faults of every lane at the same time; then everything is mended and checked. */
export async function runRound(setup: RoundSetup): Promise<RoundOutcome> {
  const { cluster, plan, history, shards, extent } = setup
  const name = `chaos-${randomBytes(4).toString('hex')}`
  const topics = [`${name}-a`, `${name}-b`]
  const handled = [...topics]
  const published = `${name}-c`
  const [database, other] = await openDatabases(cluster)
  const { brokers } = cluster.kafka
  await createTopics(
    brokers,
    [...topics, published].map((topic) => ({ topic, numPartitions: 3 })),
  )
  history.note(`round ${name} begins, ${shards} shards`)
  const databaseUrl = cluster.urlOfRelays(database.url)
  const options = { ...relayOptions, name, databaseUrl, brokers, shards }
  const crew = new RelayCrew({ options, size: relays, plan, history })
  const operator = new Operator({ brokers, databaseUrl: database.url, options, crew, plan, history, topics })
  const side = new SideOutboxes({ cluster, plan, history, options: { ...relayOptions, brokers } })
  const consumers = extent.consumers
    ? new ConsumerCrew({
        options: { ...relayOptions, name, databaseUrl: cluster.urlOfWriters(database.url), brokers },
        ...{ topics: handled, publishes: published, size: extent.consumers, plan, history },
      })
    : undefined
  const writing = new ChaosWriters(cluster.urlOfWriters(database.url), topics, writers)
  try {
    await breakEverything(
      setup,
      { cluster, crew, consumers, writers: writing, operator, otherDatabaseUrl: other.url },
      side,
    )
    cluster.heal()
    const batchesAmidFaults = crew.published
    history.note(`faults end, ${batchesAmidFaults} batches so far`)
    const tally = await writing.stop()
    await operator.settle()
    await crew.settle()
    await crew.drain(drainMs)
    await operator.release(drainMs)
    await crew.drain(drainMs)
    const parkedByInboxes = consumers ? await finishHandling(consumers, database.url, handled) : []
    await crew.drain(drainMs)
    await crew.stop()
    history.note('drained')
    const committed = await readLedger(database.url)
    return {
      ...tallyOf(tally, committed),
      batchesAmidFaults,
      verdict: await compare(
        brokers,
        committed,
        consumers ? [...topics, published] : topics,
        consumers && { effects: await readEffects(database.url), handled },
      ),
      sideVerdicts: await side.settle(),
      ...countsOf(crew, operator),
      halts: [
        ...crew.halts,
        ...(consumers?.halts ?? []),
        ...parkedByInboxes.map((it) => `parked by an inbox: ${it}`),
      ],
      consumersStarted: consumers?.lives ?? 0,
      rebalances: consumers?.countOf('group:joined') ?? 0,
    }
  } catch (error) {
    throw crew.halts.length > 0 ? new RelaysHalted(crew.halts, error) : error
  } finally {
    await writing.stop()
    crew.kill()
    consumers?.kill()
    await Promise.all([database.drop(), other.drop(), side.drop()])
  }
}

/** Resolves when all that is in the log has taken effect, or nothing more does for long: then that is found out. */
async function finishHandling(
  consumers: ConsumerCrew,
  databaseUrl: string,
  handled: readonly string[],
): Promise<string[]> {
  await consumers.settle()
  const committed = await readLedger(databaseUrl)
  const expected = committed.filter(({ topic }) => handled.includes(topic)).length
  await asksUntil({ ms: drainMs }, async () => (await readEffects(databaseUrl)).length >= expected)
  await consumers.stop()
  return readParkedByInboxes(databaseUrl)
}

const relayOptions = { leaseMs: 2_100, renewMs: 700, batchRows: 50, requestTimeoutMs: 4_000 }

// Faults that come faster than a busy machine opens a shard would let nothing be sent that they could do harm to.
const waitsForProgress: readonly Lane[] = ['relays', 'kafkaNetwork', 'databaseNetwork']
const progressMs = 8_000

function isBatch({ name }: { readonly name: string }): boolean {
  return name === 'batch:published'
}

async function openDatabases({ postgres }: ChaosCluster): Promise<[TestDatabase, TestDatabase]> {
  return [await createChaosDatabase(postgres), await createDatabase(postgres)]
}

async function breakEverything(
  { plan, history, extent }: RoundSetup,
  targets: Omit<Victims, 'over'>,
  side: SideOutboxes,
): Promise<void> {
  const { ms, most, lanes: chosen = Object.keys(lanes) as Lane[] } = extent
  const broken = chosen.filter((lane) => lane !== 'consumers' || targets.consumers)
  const ended = new AbortController()
  const over = ended.signal
  // Not AbortSignal.timeout: in Node 20 one that only AbortSignal.any refers to may be collected, and never aborts.
  const timer = setTimeout(() => ended.abort(), ms)
  const victims: Victims = { ...targets, over }
  const breaking = broken.map(async (lane) => {
    for (let left = most?.[lane] ?? Number.POSITIVE_INFINITY; left > 0 && !over.aborted; left--) {
      const step = plan.nextStep(lane)
      await delay(step.gapMs, undefined, { signal: over }).catch(() => undefined)
      if (waitsForProgress.includes(lane)) await victims.crew.hears(isBatch, progressMs, over)
      if (over.aborted) return
      let found = false
      await faults[step.kind](victims, step, (what) => {
        found = true
        history.injected(step.kind, what)
      })
      if (!found) history.missedOut(step.kind, over.aborted ? 'the faults ended first' : 'nothing came by')
    }
  })
  const beside = most ? [side.run(over, most.sideOutboxes)] : [side.run(over), side.run(over)]
  await Promise.all([...breaking, ...beside])
  clearTimeout(timer)
  ended.abort()
}

function tallyOf(
  { acknowledged, ...tally }: WriterTally,
  committed: readonly LedgerEntry[],
): Pick<RoundOutcome, 'acknowledged' | 'takenBack' | 'reusedXids' | 'rolledBack' | 'uncertain'> {
  const kept = new Set(committed.map(({ id }) => id))
  const takenBack = acknowledged.filter(({ id }) => !kept.has(id))
  const xids = new Set(takenBack.map(({ xid }) => xid))
  const reused = committed.filter(({ xid }) => xids.has(xid))
  return {
    ...tally,
    acknowledged: acknowledged.length,
    takenBack: takenBack.length,
    reusedXids: reused.length,
  }
}

function countsOf(crew: RelayCrew, { released, resharded }: Operator) {
  return {
    batches: crew.published,
    reopened: crew.countOf('shard:reopening'),
    parkedRecords: crew.countOf('record:parked'),
    pausedTopics: crew.countOf('topic:paused'),
    released,
    resharded,
  }
}
