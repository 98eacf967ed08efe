import type { TableMeasures } from '@pigeonhole/core'
import { counter, number, text } from '../decode.js'
import type { Statement } from '../statement.js'

/** How large each table of the schema is. `$1` is the quoted schema. */
export const selectTableSizes: Statement<{ readonly schema: string }, TableMeasures> = {
  name: 'server.select_table_sizes',
  text: () => `
    SELECT relname::text AS name,
      (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(pg_class.oid))::bigint::text AS bytes,
      (SELECT sum(greatest(leaf.reltuples, 0))
        FROM pg_partition_tree(pg_class.oid) JOIN pg_class AS leaf ON leaf.oid = relid AND isleaf)::float8 AS estimated_rows
    FROM pg_class
    WHERE relnamespace = to_regnamespace($1::text) AND relkind IN ('r', 'p') AND NOT relispartition
    ORDER BY relname`,
  bind: ({ schema }) => [schema],
  decode: (row) => ({
    table: text(row, 'name'),
    bytes: counter(row, 'bytes'),
    estimatedRows: number(row, 'estimated_rows'),
  }),
}
