import { PigeonholeError } from '@pigeonhole/core'
import { storeStandby } from '../errors/sql-state-error.js'
import { checkSchemaVersion } from '../schema/check-schema-version.js'
import { selectMissingGrants } from '../sql/server/select-missing-grants.js'
import { selectRecovery } from '../sql/server/select-recovery.js'
import { run, runForOne, type SqlSession } from '../sql/statement.js'

/**
 * Rejects unless a relay can work with this server as this role.
 * @throws STORE_STANDBY, SCHEMA_MISSING, SCHEMA_OUTDATED, STORE_ACCESS_DENIED
 */
export async function checkServer(session: SqlSession, schema: string): Promise<void> {
  if (await runForOne(session, selectRecovery, null)) throw storeStandby()
  await checkSchemaVersion(session, schema)
  const missing = await run(session, selectMissingGrants, { schema: session.schema })
  if (missing.length === 0) return
  throw new PigeonholeError('STORE_ACCESS_DENIED', {
    message: `The relay's role lacks privileges. Run as the owner of the tables, or a superuser: ${missing.join('; ')}`,
    details: {},
  })
}
