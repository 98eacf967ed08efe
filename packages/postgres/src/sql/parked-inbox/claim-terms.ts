import type { ClaimTerms } from '@pigeonhole/core'
import type { SqlValue } from '../statement.js'

/** An inbox and the terms on which something of it is claimed. */
export interface ClaimParams {
  readonly inbox: string
  readonly terms: ClaimTerms
}

/** When a row that has been tried `attempts` times is due again: $3 the lease, $4 and $5 the back-off, all in milliseconds. */
export function claimedUntil(attempts: string): string {
  return `statement_timestamp()
        + greatest($3::float8, least($5::float8, $4::float8 * power(2, least(${attempts}, 30)))) * interval '1 ms'`
}

/** $1 to $5. */
export function bindClaim({ inbox, terms: { topics, leaseMs, backoff } }: ClaimParams): SqlValue[] {
  return [inbox, topics, leaseMs, backoff.initialMs, backoff.maxMs]
}
