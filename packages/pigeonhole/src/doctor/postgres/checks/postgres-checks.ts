import type { Check } from '../../check.js'
import type { PostgresFacts } from '../postgres-facts.js'
import { autovacuum } from './autovacuum.js'
import { connections } from './connections.js'
import { crashSafety } from './crash-safety.js'
import { databaseClock } from './database-clock.js'
import { identity } from './identity.js'
import { isolation } from './isolation.js'
import { loggedTables } from './logged-tables.js'
import { pooler } from './pooler.js'
import { privileges } from './privileges.js'
import { readOnly } from './read-only.js'
import { rowSecurity } from './row-security.js'
import { schemaVersion } from './schema-version.js'
import { sequence } from './sequence.js'
import { sessionTimeouts } from './session-timeouts.js'
import { standby } from './standby.js'
import { synchronousCommit } from './synchronous-commit.js'
import { version } from './version.js'
import { xidHorizon } from './xid-horizon.js'

/** All that is looked at on the side of PostgreSQL, in the order in which it is told. */
export const postgresChecks: readonly Check<PostgresFacts>[] = [
  version,
  standby,
  crashSafety,
  synchronousCommit,
  schemaVersion,
  identity,
  privileges,
  rowSecurity,
  loggedTables,
  sequence,
  pooler,
  readOnly,
  isolation,
  sessionTimeouts,
  connections,
  xidHorizon,
  autovacuum,
  databaseClock,
]
