import type pg from 'pg'

/**
 * A schema as PostgreSQL's catalog has it, a line for each table with its storage parameters, column, constraint and index,
 * in one order: two schemas with the same lines are the same, whatever their names.
 */
export async function readCatalog(pool: pg.Pool, schema: string): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(catalog, [schema])
  return rows.map(({ line }) => line.replaceAll(`${schema}.`, '').replaceAll(`"${schema}".`, ''))
}

const catalog = `
  WITH relation AS (
    SELECT oid, relname, reloptions FROM pg_class
    WHERE relnamespace = quote_ident($1)::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
  ), line AS (
    SELECT relname, 1 AS part, 0 AS place,
      format('table %s%s', relname, ' with ' || array_to_string(reloptions, ', ')) AS line
    FROM relation
    UNION ALL
    SELECT relname, 2, attnum, format('  column %s %s%s%s%s', attname, format_type(atttypid, atttypmod),
      CASE WHEN attnotnull THEN ' not null' END,
      CASE attidentity WHEN 'd' THEN ' identity by default' WHEN 'a' THEN ' identity always' END,
      ' default ' || pg_get_expr(adbin, adrelid))
    FROM relation
    JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL
    SELECT relname, 3, 0, format('  constraint %s %s', conname, pg_get_constraintdef(pg_constraint.oid))
    FROM relation
    -- PostgreSQL 18 lists what is not null here as well.
    JOIN pg_constraint ON conrelid = relation.oid AND contype <> 'n'
    UNION ALL
    SELECT relname, 4, 0, '  ' || pg_get_indexdef(indexrelid)
    FROM relation
    JOIN pg_index ON indrelid = relation.oid
    UNION ALL
    SELECT relname, 5, 0, format('  trigger %s', tgname)
    FROM relation
    JOIN pg_trigger ON tgrelid = relation.oid
    UNION ALL
    SELECT proname, 6, 0, format('function %s', proname) FROM pg_proc WHERE pronamespace = quote_ident($1)::regnamespace
    UNION ALL
    SELECT typname, 7, 0, format('type %s', typname) FROM pg_type
    WHERE typnamespace = quote_ident($1)::regnamespace AND typtype IN ('e', 'd')
  )
  SELECT line FROM line ORDER BY relname COLLATE "C", part, place, line COLLATE "C"`
