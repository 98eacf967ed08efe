import { type Check, Inapplicable } from '../../check.js'
import type { PostgresFacts } from '../postgres-facts.js'

export const rowSecurity: Check<PostgresFacts> = {
  name: 'row-security',
  about: 'no policy hides rows of the tables from the roles that were named',
  judge({ roles, schema, schemaVersion }) {
    if (schemaVersion === null) return new Inapplicable('there are no tables')
    return roles
      .filter(({ hidden }) => hidden.length > 0)
      .map(({ part, role, hidden }) => ({
        severity: 'broken',
        is: `row level security hides rows of ${hidden.join(', ')} from role ${role} (${part})`,
        why: 'What a role cannot see is neither sent nor told from what is new: messages stay unsent, repeats take effect again.',
        fix:
          hidden.map((table) => `ALTER TABLE "${schema}"."${table}" DISABLE ROW LEVEL SECURITY;`).join(' ') +
          `\n-- or: ALTER ROLE "${role}" BYPASSRLS;`,
      }))
  },
}
