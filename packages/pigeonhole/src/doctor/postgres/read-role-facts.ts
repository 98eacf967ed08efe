import { type NeededPrivileges, privilegesOf, quoteSchema, type RolePart } from '@pigeonhole/postgres'
import pg from 'pg'
import type { AskedPart, RoleFacts } from './postgres-facts.js'

/** A role, and what it is to do. */
export interface AskedRole {
  readonly part: AskedPart
  readonly role: string
}

interface Queryable {
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>>
}

/** What `asked` may do with the tables of `schema`. It reads catalogs alone, which are open to every role. */
export async function readRoleFacts(client: Queryable, schema: string, asked: AskedRole): Promise<RoleFacts> {
  const { part, role } = asked
  const found = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role])
  if (found.rowCount === 0) return { part, role, exists: false, missing: [], hidden: [] }
  const missing =
    part === 'owner'
      ? await missingOwnership(client, schema, role)
      : await missingGrants(client, schema, { part, role })
  return { part, role, exists: true, missing, hidden: await hiddenTables(client, schema, role) }
}

// Tables that are not there are left out: another check tells of those.
const heldText = `
  SELECT asked.ordinal::int AS ordinal, CASE asked.kind
      WHEN 'schema' THEN has_schema_privilege($1::text, namespace.oid, asked.privilege)
      WHEN 'function' THEN has_function_privilege($1::text, asked.name, asked.privilege)
      WHEN 'column' THEN has_column_privilege($1::text, relation.oid, 'xid', 'UPDATE')
      ELSE has_table_privilege($1::text, relation.oid, asked.privilege)
    END AS held
  FROM unnest($3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS asked (kind, name, privilege, ordinal)
  JOIN pg_namespace AS namespace ON namespace.nspname = $2
  LEFT JOIN pg_class AS relation ON relation.relnamespace = namespace.oid AND relation.relname = asked.name
  WHERE asked.kind IN ('schema', 'function') OR relation.oid IS NOT NULL
  ORDER BY ordinal`

async function missingGrants(
  client: Queryable,
  schema: string,
  { part, role }: { readonly part: RolePart; readonly role: string },
): Promise<string[]> {
  const asked = privilegesOf(part).flatMap((needed) =>
    needed.privileges.map((privilege) => ({ needed, privilege })),
  )
  const values = [
    role,
    schema,
    asked.map(({ needed, privilege }) => (privilege.includes('(') ? 'column' : needed.kind)),
    asked.map(({ needed }) => needed.name),
    asked.map(({ privilege }) => privilege),
  ]
  const { rows } = await client.query<{ ordinal: number; held: boolean }>(heldText, values)
  const missing = new Map<NeededPrivileges, string[]>()
  for (const { ordinal } of rows.filter(({ held }) => !held)) {
    const one = asked[ordinal - 1]
    if (one) missing.set(one.needed, [...(missing.get(one.needed) ?? []), one.privilege])
  }
  return [...missing].map(([needed, privileges]) => grant(needed, privileges, { schema, role }))
}

function grant(
  { kind, name }: NeededPrivileges,
  privileges: readonly string[],
  { schema, role }: { readonly schema: string; readonly role: string },
): string {
  const quoted = quoteSchema(schema)
  const on = { schema: `SCHEMA ${quoted}`, function: `FUNCTION ${name}`, table: `${quoted}.${name}` }[kind]
  return `GRANT ${privileges.join(', ')} ON ${on} TO ${pg.escapeIdentifier(role)};`
}

async function missingOwnership(client: Queryable, schema: string, role: string): Promise<string[]> {
  const owned = await client.query<{ statement: string }>(
    `SELECT format('ALTER TABLE %I.%I OWNER TO %I;', nspname, relname, $1::text) AS statement
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname = $2 AND relkind IN ('r', 'p') AND NOT pg_has_role($1::text, relowner, 'USAGE')
     ORDER BY relname`,
    [role, schema],
  )
  const create = await client.query<{ statement: string }>(
    `SELECT format('GRANT CREATE ON DATABASE %I TO %I;', current_database(), $1::text) AS statement
     WHERE NOT has_database_privilege($1::text, current_database(), 'CREATE')
       AND NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = $2)
     UNION ALL
     SELECT format('GRANT USAGE, CREATE ON SCHEMA %I TO %I;', nspname, $1::text) FROM pg_namespace
     WHERE nspname = $2 AND NOT has_schema_privilege($1::text, oid, 'CREATE')`,
    [role, schema],
  )
  return [...create.rows, ...owned.rows].map(({ statement }) => statement)
}

// Who owns a table passes its policies by, unless they are forced; so do superusers and roles with BYPASSRLS.
async function hiddenTables(client: Queryable, schema: string, role: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname::text AS name FROM pg_class
     JOIN pg_namespace ON pg_namespace.oid = relnamespace
     JOIN pg_roles AS role ON role.rolname = $1
     WHERE nspname = $2 AND relrowsecurity AND NOT rolsuper AND NOT rolbypassrls
       AND (relforcerowsecurity OR NOT pg_has_role(role.oid, relowner, 'USAGE'))
     ORDER BY relname`,
    [role, schema],
  )
  return rows.map(({ name }) => name)
}
