import { isPigeonholeError } from '@pigeonhole/core'

/** What says which error it is and quotes nothing: a code, an SQLSTATE, or the name of its class. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN'
  return isPigeonholeError(error) ? error.code : (sqlStateOf(error) ?? error.name)
}

// Connection, constraints, access, conflicts, names, resources, the operator, the server. Their words name tables and columns; the
// values are in the properties `detail` and `where`. In the others PostgreSQL may quote a value, or a trigger say what it likes.
const wordsWithoutValues: ReadonlySet<string> = new Set(
  '08 0A 23 25 28 3D 3F 40 42 53 54 55 57 58 XX'.split(' '),
)

/** An error's message; that of a database's error only where it cannot quote a value. */
export function safeWords(error: Error): string {
  const code = sqlStateOf(error)
  if (code === undefined || wordsWithoutValues.has(code.slice(0, 2))) return error.message
  return `the database says ${code}, in words that may quote a value`
}

// Prisma's own codes have the form of an SQLSTATE, and its words quote what it was given. So has EPIPE, which has an `errno`.
function sqlStateOf(error: Error): string | undefined {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !('errno' in error) ? code : undefined
}
