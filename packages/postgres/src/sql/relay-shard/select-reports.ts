import type { ReportedShard } from '../../monitor/shard-reports.js'
import { counter, number, text, textOrNull } from '../decode.js'
import type { SqlRow } from '../statement.js'
import { noParams, type Statement } from '../statement.js'

/** What workers have told of each shard. */
export const selectShardReports: Statement<null, ReportedShard> = {
  name: 'relay_shard.select_reports',
  text: (schema) => `
    SELECT shard::int AS shard, reported_sent::text AS sent, reported_error_worker AS error_worker,
      reported_error_code AS error_code, reported_error AS error,
      to_char(reported_error_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS error_at
    FROM ${schema}.relay_shard
    ORDER BY relay_shard.shard`,
  bind: noParams,
  decode: (row) => ({ shard: number(row, 'shard'), sent: counter(row, 'sent'), error: errorOf(row) }),
}

function errorOf(row: SqlRow): ReportedShard['error'] {
  const at = textOrNull(row, 'error_at')
  if (at === null) return null
  return { at, worker: text(row, 'error_worker'), code: text(row, 'error_code'), message: text(row, 'error') }
}
