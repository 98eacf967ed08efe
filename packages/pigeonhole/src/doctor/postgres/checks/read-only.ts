import type { Check } from '../../check.js'
import type { PostgresFacts } from '../postgres-facts.js'

export const readOnly: Check<PostgresFacts> = {
  name: 'read-only',
  about: 'transactions may write: default_transaction_read_only is off',
  judge({ settings, role, isStandby }) {
    const found = settings.get('default_transaction_read_only')
    // A standby reads only, whatever is set.
    if (isStandby || found?.value !== 'on') return []
    return [
      {
        severity: 'broken',
        is: `default_transaction_read_only = on for sessions of ${role}, from ${found.source}`,
        why: "A relay names READ WRITE itself; a service's own transactions do not, and every publish in one fails.",
        fix:
          found.source === 'database' || found.source === 'user' || found.source === 'database user'
            ? `ALTER ROLE "${role}" SET default_transaction_read_only = off;`
            : 'ALTER SYSTEM SET default_transaction_read_only = off; SELECT pg_reload_conf();',
      },
    ]
  },
}
