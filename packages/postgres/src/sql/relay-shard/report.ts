import type { ShardReport } from '../../monitor/shard-reports.js'
import { noRow, type Statement } from '../statement.js'

/** Adds what a worker has sent, and puts its error in place of the last one. Whoever holds the lease. */
export const reportRelayShard: Statement<ShardReport, null> = {
  name: 'relay_shard.report',
  text: (schema) => `
    UPDATE ${schema}.relay_shard
    SET reported_sent = reported_sent + $2::bigint,
      reported_error_at = coalesce($3::timestamptz, reported_error_at),
      reported_error_worker = coalesce($4::text, reported_error_worker),
      reported_error_code = coalesce($5::text, reported_error_code),
      reported_error = coalesce($6::text, reported_error)
    WHERE shard = $1::smallint`,
  bind: ({ shard, sent, error }) => [
    shard,
    String(sent),
    error?.at ?? null,
    error?.worker ?? null,
    error?.code ?? null,
    error?.message ?? null,
  ],
  decode: noRow,
}
