import { createHash } from 'node:crypto'

/** The name under which a connection keeps a statement; undefined: it keeps none. */
export type StatementNames = (text: string) => string | undefined

/** Nothing is kept. Through PgBouncer before 1.21 a kept statement is one that the next connection does not have. */
export const unnamed: StatementNames = () => undefined

/** A name for each text, which tells schema and release from others on the same connection. */
export function namedByText(): StatementNames {
  const names = new Map<string, string>()
  return (text) => {
    const known = names.get(text)
    if (known !== undefined) return known
    const name = `pigeonhole_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
    names.set(text, name)
    return name
  }
}
