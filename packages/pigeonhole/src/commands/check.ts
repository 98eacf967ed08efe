import { checkTables, type TablesReport } from '@pigeonhole/postgres'
import type { CommandContext } from '../command/context.js'
import { FaultFound } from '../command/fault-found.js'
import { withPool } from '../command/with-pool.js'
import { databaseSettings } from '../configuration/database-settings.js'
import { resolveSettings } from '../configuration/resolve-settings.js'
import { sourcesOf } from '../configuration/sources.js'
import { warnOfUnknownVariables } from '../configuration/unknown-variables.js'
import { formatTables } from './format-tables.js'

/** `pigeonhole check`: whether the tables are those that the migrations of this release make. */
export async function check({ flags, environment, file, terminal }: CommandContext): Promise<void> {
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const { databaseUrl, schema } = resolveSettings(databaseSettings, sourcesOf({ flags, environment, file }))
  const config = { connectionString: databaseUrl, max: 1, application_name: 'pigeonhole check' }
  const report = await withPool(config, (pool) => checkTables({ pool, schema }))
  terminal.print(
    flags['json'] === true ? `${JSON.stringify(report, null, 2)}\n` : formatTables(report, schema),
  )
  if (isDrift(report)) throw new FaultFound('The tables differ')
}

// Those of a newer release are fine: every release keeps what the one before needs.
function isDrift({ version, needed, missing, unexpected }: TablesReport): boolean {
  return version < needed || missing.length + unexpected.length > 0
}
