import type { Check } from '../../check.js'
import type { PostgresFacts } from '../postgres-facts.js'

/** The oldest major version that Pigeonhole is tested with. */
const oldest = 15

export const version: Check<PostgresFacts> = {
  name: 'postgres-version',
  about: `PostgreSQL is ${oldest} or newer`,
  judge({ version: { number, text } }) {
    if (number >= oldest * 10_000) return []
    return [
      {
        severity: 'broken',
        is: `PostgreSQL is ${text}`,
        why: `Pigeonhole needs PostgreSQL ${oldest} or newer; nothing is promised on an older one.`,
        fix: `Upgrade the server. See docs/operations.md, "An upgrade in place".`,
      },
    ]
  },
}
