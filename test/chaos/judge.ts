import {
  checkExactlyOnce,
  type Effect,
  type ExactlyOnceVerdict,
  loggedMessage,
  readLog,
} from '@pigeonhole/testing'
import { digestOf, type LedgerEntry, readLedger } from './chaos-database.js'

/** What a database has committed against what a `read_committed` consumer finds, payloads included. */
export async function judge(
  brokers: readonly string[],
  databaseUrl: string,
  topics: readonly string[],
): Promise<ExactlyOnceVerdict> {
  return compare(brokers, await readLedger(databaseUrl), topics)
}

/** What consumers have left behind. */
export interface Handling {
  readonly effects: readonly Effect[]
  /** The topics whose messages must have taken effect. */
  readonly handled: readonly string[]
}

/** The same of a ledger that was read. */
export async function compare(
  brokers: readonly string[],
  committed: readonly LedgerEntry[],
  topics: readonly string[],
  handling?: Handling,
): Promise<ExactlyOnceVerdict> {
  const records = await readLog({ brokers, topics, timeoutMs: 120_000, settleMs: 60_000 })
  const log = records.map((record) => ({
    ...loggedMessage(record),
    content: digestOf(record.value ?? ''),
  }))
  if (!handling) return checkExactlyOnce({ committed, log })
  const { effects, handled } = handling
  const expected = committed.filter(({ topic }) => handled.includes(topic))
  return checkExactlyOnce({ committed, log, effects, expected })
}
