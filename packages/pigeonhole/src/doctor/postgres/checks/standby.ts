import type { Check } from '../../check.js'
import type { PostgresFacts } from '../postgres-facts.js'

export const standby: Check<PostgresFacts> = {
  name: 'postgres-standby',
  about: 'the server takes writes: it is no standby',
  judge({ isStandby }) {
    if (!isStandby) return []
    return [
      {
        severity: 'broken',
        is: 'this server is a standby: it is in recovery',
        why: 'Nothing can be published, handled or confirmed here. A relay waits with STORE_STANDBY.',
        fix: 'Set the database URL to the primary; node-postgres takes one host, so let a name or a pooler follow the primary.',
      },
    ]
  },
}
