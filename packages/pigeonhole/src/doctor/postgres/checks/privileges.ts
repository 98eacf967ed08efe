import { type Check, Inapplicable } from '../../check.js'
import type { Finding } from '../../finding.js'
import type { PostgresFacts, RoleFacts } from '../postgres-facts.js'

export const privileges: Check<PostgresFacts> = {
  name: 'privileges',
  about:
    'each role that was named may do what its part needs (docs/privileges.md); the one that is connected, as the relay',
  judge({ roles, schemaVersion }) {
    if (schemaVersion === null) return new Inapplicable('there are no tables')
    return roles.flatMap((facts) => (facts.exists ? lacking(facts) : [unknown(facts)]))
  },
}

function unknown({ part, role }: RoleFacts): Finding {
  return {
    severity: 'broken',
    is: `there is no role ${role}, which is to be the ${part}`,
    why: `Whatever is to run as the ${part} cannot connect.`,
    fix: `CREATE ROLE "${role}" LOGIN;\n-- or another name: --${part} <role>`,
  }
}

function lacking({ part, role, missing }: RoleFacts): Finding[] {
  if (missing.length === 0) return []
  return [
    {
      severity: 'broken',
      is: `role ${role} lacks ${missing.length} of the privileges that the ${part} needs`,
      why:
        part === 'relay'
          ? 'A relay without them refuses to open its shards (STORE_ACCESS_DENIED), or gives no space back.'
          : `What runs as the ${part} fails with STORE_ACCESS_DENIED.`,
      fix: missing.join('\n'),
    },
  ]
}
