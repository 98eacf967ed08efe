import { PigeonholeError } from '@pigeonhole/core'

/** The PostgreSQL schema that holds Pigeonhole's tables unless another one is configured. */
export const defaultSchema = 'pigeonhole'

// PostgreSQL's own limit is 63 bytes. The name is put into SQL and into Prisma schemas, so nothing that either would
// have to escape is let in.
const legalName = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/

/**
 * The schema name quoted, as it goes into SQL.
 * @throws OPTION_INVALID when the name is not one that is safe to write, or belongs to PostgreSQL.
 */
export function quoteSchema(name: string): string {
  if (typeof name === 'string' && legalName.test(name) && !isReserved(name)) return `"${name}"`
  throw new PigeonholeError('OPTION_INVALID', {
    message:
      `Option schema is ${JSON.stringify(name)}: it takes a name of 1 to 63 of a-z A-Z 0-9 _ that does not begin with a ` +
      "digit, and neither with pg_ nor is information_schema, which are PostgreSQL's own",
    details: { option: 'schema' },
  })
}

function isReserved(name: string): boolean {
  return name.toLowerCase().startsWith('pg_') || name.toLowerCase() === 'information_schema'
}
