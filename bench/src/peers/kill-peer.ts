import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CommittedMessage,
  checkExactlyOnce,
  formatFaults,
  type LogRecord,
  loggedMessage,
  readLog,
} from '@pigeonhole/testing'
import type pg from 'pg'
import { medianOf, round } from '../comparison.js'
import { type PeerScene, probeKey } from './peer-scene.js'

/** What is killed how often, at moments that the seed decides. */
export interface KillPlan {
  readonly kills: number
  readonly seed: string
}

/** What a `read_committed` consumer has found after the last kill. */
export interface KillFigures {
  readonly kills: number
  readonly committed: number
  readonly duplicated: number
  readonly lost: number
  readonly outOfOrder: number
  /** Invented, altered, or of a key that is in two partitions. */
  readonly otherwise: number
  /** From the start of the process that follows a kill until its first new record, in seconds: the median. */
  readonly backAfter: number
}

const perSecond = 200
const writers = 8
const keys = 20
/** Nothing has arrived for so long: what is missing by now is lost. Longer than any lease, lock or session of a peer. */
const quietMs = 30_000

const tables = `
  CREATE TABLE aggregate (key text PRIMARY KEY, version int NOT NULL);
  CREATE TABLE ledger (id text PRIMARY KEY, topic text NOT NULL, key text NOT NULL, version int NOT NULL);
  INSERT INTO aggregate SELECT 'key-' || i, 0 FROM generate_series(0, ${keys - 1}) i;`

/**
 * Kills the peer's process with SIGKILL beside writers that commit 200 messages a second, starts it again at once, and
 * compares what was committed with the log.
 */
export async function killPeer(scene: PeerScene, plan: KillPlan): Promise<KillFigures> {
  await scene.pool.query(tables)
  const first = scene.watch.records
  const stopped = new AbortController()
  const writing = Array.from({ length: writers }, (_, writer) => write(scene, writer, stopped.signal))
  await scene.watch.until(() => scene.watch.records > first, quietMs)
  const waits: number[] = []
  for (let kill = 0; kill < plan.kills; kill++) {
    await sleep(100 + chosen(plan, kill) * 1_900)
    await scene.relay.kill()
    waits.push(await comeBack(scene))
  }
  stopped.abort()
  await Promise.all(writing)
  const committed = await readLedger(scene.pool)
  const { watch } = scene
  await watch.until(() => committed.every(({ id }) => watch.has(id)), quietMs)
  return { kills: plan.kills, ...(await judge(scene, committed)), backAfter: round(medianOf(waits) / 1_000) }
}

async function comeBack({ relay, watch }: PeerScene): Promise<number> {
  // What the killed process has sent is on its way for a moment.
  await sleep(100)
  const before = watch.records
  const started = performance.now()
  await relay.start()
  await watch.until(() => watch.records > before, quietMs)
  return performance.now() - started
}

/** From 0 to 1. Equal seeds choose equally. */
function chosen({ seed }: KillPlan, kill: number): number {
  return createHash('sha256').update(`${seed}/${kill}`).digest().readUInt32BE() / 2 ** 32
}

/** Publishes behind the lock of the aggregate's row, which gives the order of its key. Every fifth transaction rolls back. */
async function write(scene: PeerScene, writer: number, stopped: AbortSignal): Promise<void> {
  const started = performance.now()
  for (let i = 0; !stopped.aborted; i++) {
    await transact(scene, i * writers + writer)
    const due = started + ((i + 1) * writers * 1_000) / perSecond
    await sleep(Math.max(0, due - performance.now()))
  }
}

async function transact({ pool, topic, relay }: PeerScene, i: number): Promise<void> {
  const key = `key-${i % keys}`
  const id = randomUUID()
  const client = await pool.connect()
  await client.query('BEGIN')
  const locked = await client.query<{ version: number }>(
    'UPDATE aggregate SET version = version + 1 WHERE key = $1 RETURNING version',
    [key],
  )
  const version = locked.rows[0]?.version
  await relay.publish(client, { id, key, value: JSON.stringify({ key, version }) })
  await client.query('INSERT INTO ledger VALUES ($1, $2, $3, $4)', [id, topic, key, version])
  await client.query(i % 5 === 0 ? 'ROLLBACK' : 'COMMIT')
  client.release()
}

async function readLedger(pool: pg.Pool): Promise<CommittedMessage[]> {
  const { rows } = await pool.query<{ id: string; topic: string; key: string; version: number }>(
    'SELECT id, topic, key, version FROM ledger',
  )
  return rows.map(({ version, ...message }) => ({ ...message, order: version }))
}

async function judge(
  { servers, topic }: PeerScene,
  committed: readonly CommittedMessage[],
): Promise<Omit<KillFigures, 'kills' | 'backAfter'>> {
  const records = await readLog({ brokers: servers.brokers, topics: [topic] })
  const log = records.filter(isOfWriters).map((record) => loggedMessage(record, idOf))
  const verdict = checkExactlyOnce({ committed, log })
  for (const fault of formatFaults(verdict, { examples: 2 })) process.stderr.write(`${topic}: ${fault}\n`)
  const { duplicated, lost, outOfOrder, invented, altered, scattered } = verdict.log
  return {
    committed: committed.length,
    duplicated: duplicated.count,
    lost: lost.count,
    outOfOrder: outOfOrder.count,
    otherwise: invented.count + altered.count + scattered.count,
  }
}

// Neither a probe nor what warmed the topic up.
function isOfWriters({ key }: LogRecord): boolean {
  return key !== null && Buffer.from(key).toString() !== probeKey
}

function idOf({ headers, partition, offset }: LogRecord): string {
  return headers.find(([name]) => name === 'id')?.[1] ?? `without id, ${partition}/${offset}`
}
