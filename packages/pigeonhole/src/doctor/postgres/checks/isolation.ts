import type { Check } from '../../check.js'
import type { PostgresFacts } from '../postgres-facts.js'

export const isolation: Check<PostgresFacts> = {
  name: 'isolation',
  about: 'default_transaction_isolation is read committed',
  judge({ settings, role }) {
    const found = settings.get('default_transaction_isolation')?.value ?? 'read committed'
    if (found === 'read committed') return []
    return [
      {
        severity: 'note',
        is: `default_transaction_isolation is ${found} for sessions of ${role}`,
        why:
          'Relays and inboxes name READ COMMITTED themselves. Your own transactions that publish run in the default: all ' +
          'promises hold, and more of them fail with STORE_CONFLICT (40001), to be tried again by you.',
        fix: 'Nothing, if that is meant.',
      },
    ]
  },
}
