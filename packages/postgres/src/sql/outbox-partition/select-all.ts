import { bool, number, numberOrNull } from '../decode.js'
import { noParams, type Statement } from '../statement.js'

/** A partition of the outbox. */
export interface OutboxPartition {
  readonly slot: number
  /** Whether it is the one that is written to. */
  readonly isCurrent: boolean
  /** Milliseconds since it became that, or since another one did; null when it never was. By the database's clock. */
  readonly ageMs: number | null
  /** Without a page: no row was written to it since it was truncated, committed or not. */
  readonly isEmpty: boolean
  /** With its indexes and what is stored out of line. */
  readonly bytes: number
}

/** Every partition, by its slot. Sizes are asked of the file system: no row is read. */
export const selectPartitions: Statement<null, OutboxPartition> = {
  name: 'outbox_partition.select_all',
  text: (schema) => `
    SELECT partition.slot, partition.slot = ring.slot AS is_current,
      (extract(epoch FROM clock_timestamp() -
        CASE WHEN partition.slot = ring.slot THEN opened_at ELSE closed_at[partition.slot + 1] END) * 1000)::float8 AS age_ms,
      pg_relation_size(leaf) = 0 AS is_empty,
      pg_total_relation_size(leaf)::float8 AS bytes
    FROM ${schema}.outbox_ring AS ring
    CROSS JOIN generate_series(0, 3) AS partition (slot)
    CROSS JOIN LATERAL CAST(format('%s', '${schema}.outbox_message_' || partition.slot) AS regclass) AS leaf
    ORDER BY partition.slot`,
  bind: noParams,
  decode: (row) => ({
    slot: number(row, 'slot'),
    isCurrent: bool(row, 'is_current'),
    ageMs: numberOrNull(row, 'age_ms'),
    isEmpty: bool(row, 'is_empty'),
    bytes: number(row, 'bytes'),
  }),
}
