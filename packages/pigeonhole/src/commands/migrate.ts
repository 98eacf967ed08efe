import { migrate } from '@pigeonhole/postgres'
import type { CommandContext } from '../command/context.js'
import { databaseSettings } from '../configuration/database-settings.js'
import { resolveSettings } from '../configuration/resolve-settings.js'
import { sourcesOf } from '../configuration/sources.js'
import { warnOfUnknownVariables } from '../configuration/unknown-variables.js'

/** `pigeonhole migrate`: brings the tables up to date and says what it did. */
export async function migrateTables({ flags, environment, file, terminal }: CommandContext): Promise<void> {
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const { databaseUrl, schema } = resolveSettings(databaseSettings, sourcesOf({ flags, environment, file }))
  const { applied, version } = await migrate({ connectionString: databaseUrl, schema })
  for (const name of applied) terminal.print(`applied ${name}\n`)
  const outcome = applied.length === 0 ? 'was up to date already' : 'is up to date'
  terminal.print(`Schema "${schema}" ${outcome}, at version ${version}.\n`)
}
