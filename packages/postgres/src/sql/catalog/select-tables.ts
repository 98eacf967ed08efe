import { text } from '../decode.js'
import type { Statement } from '../statement.js'

/** What {@link selectTables} finds: a table, or a part of one. */
export interface CatalogLine {
  /** The table, function or type that it is of. */
  readonly object: string
  /** What it is, as PostgreSQL puts it. */
  readonly line: string
}

/**
 * A schema as PostgreSQL's catalog has it: a line for each table with its storage parameters, column, constraint, index and trigger,
 * and each function and type, in one order.
 */
export const selectTables: Statement<{ readonly schema: string }, CatalogLine> = {
  name: 'catalog.select_tables',
  text: () => `
  WITH relation AS (
    SELECT oid, relname, reloptions, relispartition FROM pg_class
    WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND relkind IN ('r', 'p', 'v', 'm')
  ), line AS (
    SELECT relname, 1 AS part, 0 AS place,
      format('table %s%s', relname, ' with ' || array_to_string(reloptions, ', ')) AS line
    FROM relation
    UNION ALL
    SELECT relname, 2, attnum, format('column %s %s%s%s%s', attname, format_type(atttypid, atttypmod),
      CASE WHEN attnotnull THEN ' not null' END,
      -- Before PostgreSQL 17 the identity was the parent's alone.
      CASE WHEN NOT relispartition THEN
        CASE attidentity WHEN 'd' THEN ' identity by default' WHEN 'a' THEN ' identity always' END END,
      ' default ' || pg_get_expr(adbin, adrelid))
    FROM relation
    JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL
    SELECT relname, 3, 0, format('constraint %s %s', conname, pg_get_constraintdef(pg_constraint.oid))
    FROM relation
    -- PostgreSQL 18 lists what is not null here as well.
    JOIN pg_constraint ON conrelid = relation.oid AND contype <> 'n'
    UNION ALL
    SELECT relname, 4, 0, pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN '' ELSE ' (not valid)' END
    FROM relation
    JOIN pg_index ON indrelid = relation.oid
    UNION ALL
    SELECT relname, 5, 0, format('trigger %s', tgname)
    FROM relation
    JOIN pg_trigger ON tgrelid = relation.oid
    UNION ALL
    SELECT proname, 6, 0, format('function %s', proname) FROM pg_proc
    WHERE pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
    UNION ALL
    SELECT typname, 7, 0, format('type %s', typname) FROM pg_type
    WHERE typnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND typtype IN ('e', 'd')
  )
  SELECT relname::text AS object, line FROM line ORDER BY relname COLLATE "C", part, place, line COLLATE "C"`,
  bind: ({ schema }) => [schema],
  decode: (row) => ({ object: text(row, 'object'), line: text(row, 'line') }),
}
