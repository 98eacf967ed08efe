import type { TableMeasures } from '@pigeonhole/core'
import { counter, number, text } from '../decode.js'
import type { Statement } from '../statement.js'

/** How large each table of the schema is. `$1` is the quoted schema. */
export const selectTableSizes: Statement<{ readonly schema: string }, TableMeasures> = {
  name: 'server.select_table_sizes',
  text: () => `
    SELECT relname::text AS name, sum(pg_total_relation_size(leaf.oid))::bigint::text AS bytes,
      sum(greatest(leaf.rows, 0))::float8 AS estimated_rows
    FROM pg_class
    CROSS JOIN LATERAL (
      SELECT pg_class.oid, CASE relkind WHEN 'r' THEN reltuples END AS rows
      UNION ALL
      SELECT part.oid, part.reltuples FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid
      WHERE inhparent = pg_class.oid
    ) AS leaf
    WHERE relnamespace = to_regnamespace($1::text) AND relkind IN ('r', 'p') AND NOT relispartition
    GROUP BY relname
    ORDER BY relname`,
  bind: ({ schema }) => [schema],
  decode: (row) => ({
    table: text(row, 'name'),
    bytes: counter(row, 'bytes'),
    estimatedRows: number(row, 'estimated_rows'),
  }),
}
