import { type Check, Inapplicable } from '../../check.js'
import type { PostgresFacts } from '../postgres-facts.js'

export const loggedTables: Check<PostgresFacts> = {
  name: 'logged-tables',
  about: 'the tables survive a crash: none is UNLOGGED',
  judge({ unloggedTables, schema, schemaVersion }) {
    if (schemaVersion === null) return new Inapplicable('there are no tables')
    if (unloggedTables.length === 0) return []
    return [
      {
        severity: 'broken',
        is: `UNLOGGED: ${unloggedTables.join(', ')}`,
        why: 'PostgreSQL empties these tables after a crash, and standbys never have them: messages, ids and positions are lost.',
        fix: unloggedTables.map((table) => `ALTER TABLE "${schema}"."${table}" SET LOGGED;`).join(' '),
      },
    ]
  },
}
