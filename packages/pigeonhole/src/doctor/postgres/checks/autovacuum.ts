import type { Check } from '../../check.js'
import type { PostgresFacts } from '../postgres-facts.js'

export const autovacuum: Check<PostgresFacts> = {
  name: 'autovacuum',
  about: 'autovacuum is on',
  judge({ settings }) {
    if (settings.get('autovacuum')?.value !== 'off') return []
    return [
      {
        severity: 'risk',
        is: 'autovacuum = off',
        why: 'Positions, leases and ids are updated and deleted all the time: without cleaning, every statement becomes slower.',
        fix: 'ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf();',
      },
    ]
  },
}
