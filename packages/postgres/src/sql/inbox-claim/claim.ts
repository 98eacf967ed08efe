import type { ClaimCount } from '@pigeonhole/core'
import { number } from '../decode.js'
import type { Statement } from '../statement.js'
import { bindClaim, type ClaimParams } from './place.js'

/** Counts that a partition is begun at an offset: anew, where it was another one before. */
export const claimPosition: Statement<ClaimParams, ClaimCount> = {
  name: 'inbox_claim.claim',
  text: (schema) => `
    INSERT INTO ${schema}.inbox_claim AS held (inbox, topic, partition, next_offset, claims)
    VALUES ($1::text, $2::text, $3::int, $4::bigint, 1)
    ON CONFLICT (inbox, topic, partition) DO UPDATE SET next_offset = excluded.next_offset,
      claims = CASE WHEN held.next_offset = excluded.next_offset THEN held.claims + 1 ELSE 1 END,
      starts = CASE WHEN held.next_offset = excluded.next_offset THEN held.starts ELSE 0 END
    RETURNING claims, starts`,
  bind: bindClaim,
  decode: (row) => ({ claims: number(row, 'claims'), starts: number(row, 'starts') }),
}
