import { type ClaimTerms, mostStarts, type ParkedPlace } from '@pigeonhole/core'
import type { SqlValue } from '../statement.js'

/** An inbox and the terms on which something of it is claimed. */
export interface ClaimParams {
  readonly inbox: string
  readonly terms: ClaimTerms
}

/** What is due: taken; left, because it may kill the process; or to be given to an operator, because it has done so too often. */
export type ClaimRow =
  | { readonly found: 'taken' | 'killer'; readonly place: ParkedPlace }
  | { readonly found: 'suspect' }

/** What is claimed of a place. */
export function claimOf(found: string, place: ParkedPlace): ClaimRow {
  return found === 'taken' || found === 'killer' ? { found, place } : { found: 'suspect' }
}

/** What becomes of a row that has had some starts without an end: $6 whether nothing else is handled, $7 how many it may have. */
export const foundByStarts = `
        CASE WHEN starts >= $7::int THEN 'killer' WHEN starts > 0 AND NOT $6::boolean THEN 'suspect' ELSE 'taken' END AS found`

/**
 * When a row that has been tried `attempts` times is due again: $3 the lease, $4 and $5 the back-off, all in milliseconds. A killer rests
 * for no longer than it takes to note that it is one.
 */
function claimedUntil(row: string): string {
  return `statement_timestamp() + greatest($3::float8, CASE WHEN due.found = 'taken'
          THEN least($5::float8, $4::float8 * power(2, least(${row}.attempts, 30))) END) * interval '1 ms'`
}

/** What is set in a row called `row` that `due` has found, and that is no suspect: of a killer, one start more than it may have. */
export function setClaimed(row: string): string {
  return `attempts = ${row}.attempts + (due.found = 'taken')::int,
        starts = least(${row}.starts, $7::int) + 1,
        retry_at = ${claimedUntil(row)}`
}

/** $1 to $7. */
export function bindClaim({ inbox, terms: { topics, leaseMs, backoff, alone } }: ClaimParams): SqlValue[] {
  return [inbox, topics, leaseMs, backoff.initialMs, backoff.maxMs, alone, mostStarts]
}
