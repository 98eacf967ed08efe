/**
 * Moves the position of the inbox $1 in the topic $2 and the partition $3 past the offset $5, if it is not beyond $4: one row
 * then. Nothing where $3 is null.
 *
 * The position's row stays locked until the transaction ends, also where it does not move: ON CONFLICT locks the row before
 * it looks at the condition, so that two owners of a partition take turns, and the second sees what the first has
 * committed.
 */
export function movePosition(schema: string): string {
  return `
      INSERT INTO ${schema}.inbox_position AS held (inbox, topic, partition, next_offset)
      SELECT $1::text, $2::text, $3::int, $5::bigint + 1 WHERE $3::int IS NOT NULL
      ON CONFLICT (inbox, topic, partition) DO UPDATE SET next_offset = excluded.next_offset
      WHERE held.next_offset <= $4::bigint
      RETURNING 1 AS moved`
}
