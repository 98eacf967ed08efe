import type { CapturedRow } from '@pigeonhole/core'
import { type Held, selectHeld } from '../sql/parked-key/select-held.js'
import { run, type SqlSession } from '../sql/statement.js'

/** Beyond so many blocked keys the database looks up the rows of a page by itself. */
const mostHeld = 1_000

/**
 * Those of a page's rows that may have to be parked: all of them where much is blocked. Few keys are, as a rule, and to look
 * up each of 5,000 rows again cost more than a quarter of the rate of the others.
 */
export async function maybeHeld(
  session: SqlSession,
  shard: number,
  rows: readonly CapturedRow[],
): Promise<readonly CapturedRow[]> {
  const held = await run(session, selectHeld, { shard, limit: mostHeld + 1 })
  if (held.length > mostHeld) return rows
  const names = new Set(held.map(nameOf))
  return rows.filter(
    (row) => names.has(nameOf({ topic: row.topic, key: null })) || (row.key && names.has(nameOf(row))),
  )
}

function nameOf({ topic, key }: Held): string {
  return key === null ? topic : `${topic} ${Buffer.from(key).toString('latin1')}`
}
