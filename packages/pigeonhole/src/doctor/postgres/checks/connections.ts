import type { Check } from '../../check.js'
import type { PostgresFacts } from '../postgres-facts.js'

export const connections: Check<PostgresFacts> = {
  name: 'connections',
  about: 'there is room for the connections of one relay process more',
  judge({ connections: { limitedBy, limit, used }, relay, role, database }) {
    const free = Math.max(0, limit - used)
    if (free >= relay.connections) return []
    const fix = {
      server:
        'ALTER SYSTEM SET max_connections = <more>; then restart the server. Or put a pooler before it.',
      database: `ALTER DATABASE "${database}" CONNECTION LIMIT -1;`,
      role: `ALTER ROLE "${role}" CONNECTION LIMIT -1;`,
    }[limitedBy]
    return [
      {
        severity: 'risk',
        is: `${used} of the ${limit} connections that the ${limitedBy} allows are in use: ${free} are free`,
        why: `One relay process takes up to ${relay.connections}. One that gets none waits with STORE_UNAVAILABLE, also when it is to take over.`,
        fix,
      },
    ]
  },
}
