import { type ClaimTerms, mostStarts, type ParkedPlace } from '@pigeonhole/core'
import type { SqlValue } from '../statement.js'

/** An inbox and the terms on which something of it is claimed. */
export interface ClaimParams {
  readonly inbox: string
  readonly terms: ClaimTerms
}

/** What is due: taken; left, because it may kill the process; or given to an operator, because it has done so too often. */
export type ClaimRow =
  | { readonly found: 'taken'; readonly place: ParkedPlace }
  | { readonly found: 'suspect' | 'killer' }

/** What becomes of a row that has had some starts without an end: $6 whether nothing else is handled, $7 how many it may have. */
export const foundByStarts = `
        CASE WHEN starts >= $7::int THEN 'killer' WHEN starts > 0 AND NOT $6::boolean THEN 'suspect' ELSE 'taken' END AS found`

/** When a row that has been tried `attempts` times is due again: $3 the lease, $4 and $5 the back-off, all in milliseconds. */
function claimedUntil(row: string): string {
  return `statement_timestamp()
          + greatest($3::float8, least($5::float8, $4::float8 * power(2, least(${row}.attempts, 30)))) * interval '1 ms'`
}

/** What is set in a row called `row` that `due` has found, and that is no suspect. */
export function setClaimed(row: string): string {
  return `attempts = ${row}.attempts + (due.found = 'taken')::int,
        starts = ${row}.starts + (due.found = 'taken')::int,
        retry_at = CASE WHEN due.found = 'taken' THEN ${claimedUntil(row)} END,
        error_code = CASE WHEN due.found = 'taken' THEN ${row}.error_code ELSE 'MESSAGE_KILLS_PROCESS' END,
        error = CASE WHEN due.found = 'taken' THEN ${row}.error
          ELSE 'each process that has started its handler has ended before that did' END`
}

/** $1 to $7. */
export function bindClaim({ inbox, terms: { topics, leaseMs, backoff, alone } }: ClaimParams): SqlValue[] {
  return [inbox, topics, leaseMs, backoff.initialMs, backoff.maxMs, alone, mostStarts]
}
