import { PigeonholeError } from '@pigeonhole/core'
import { selectSchemaVersion } from '../sql/schema-version/select.js'
import { runForOne, type SqlSession } from '../sql/statement.js'

/** The version of the tables that this package needs: the number of its migrations. Newer ones are fine. */
export const requiredSchemaVersion = 8

/**
 * Rejects unless the tables are there and new enough.
 * @throws SCHEMA_MISSING, SCHEMA_OUTDATED
 */
export async function checkSchemaVersion(session: SqlSession, schema: string): Promise<void> {
  const found = await runForOne(session, selectSchemaVersion, null)
  if (found >= requiredSchemaVersion) return
  throw new PigeonholeError('SCHEMA_OUTDATED', {
    message:
      `Pigeonhole's tables in schema "${schema}" are of version ${found}, and this release needs ` +
      `${requiredSchemaVersion}: run \`prisma migrate deploy\` after \`pigeonhole init\`, or \`pigeonhole migrate\``,
    details: { schema, found, needed: requiredSchemaVersion },
  })
}
