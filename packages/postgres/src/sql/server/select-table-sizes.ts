import type { TableMeasures } from '@pigeonhole/core'
import { counter, number, text } from '../decode.js'
import type { Statement } from '../statement.js'

/** How large each table of the schema is. `$1` is the quoted schema. */
export const selectTableSizes: Statement<{ readonly schema: string }, TableMeasures> = {
  name: 'server.select_table_sizes',
  text: () => `
    SELECT relname::text AS name, pg_total_relation_size(oid)::text AS bytes,
      greatest(reltuples, 0)::float8 AS estimated_rows
    FROM pg_class
    WHERE relnamespace = to_regnamespace($1::text) AND relkind = 'r'
    ORDER BY relname`,
  bind: ({ schema }) => [schema],
  decode: (row) => ({
    table: text(row, 'name'),
    bytes: counter(row, 'bytes'),
    estimatedRows: number(row, 'estimated_rows'),
  }),
}
