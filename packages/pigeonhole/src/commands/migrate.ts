import { PigeonholeError } from '@pigeonhole/core'
import { grantsFor, migrate, type RolePart, renderMigrations } from '@pigeonhole/postgres'
import type { CommandContext } from '../command/context.js'
import { databaseSettings } from '../configuration/database-settings.js'
import { initSettings } from '../configuration/init-settings.js'
import { resolveSettings } from '../configuration/resolve-settings.js'
import { sourcesOf } from '../configuration/sources.js'
import { warnOfUnknownVariables } from '../configuration/unknown-variables.js'

/** `pigeonhole migrate`: brings the tables up to date and says what it did, or prints the SQL for somebody else to run. */
export async function migrateTables(context: CommandContext): Promise<void> {
  const { flags, environment, file, terminal } = context
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const sources = sourcesOf({ flags, environment, file })
  if (flags['print'] === true) {
    terminal.print(await script(resolveSettings(initSettings, sources).schema, flags))
    return
  }
  assertNoRoles(flags)
  const { databaseUrl, schema } = resolveSettings(databaseSettings, sources)
  const { applied, version } = await migrate({ connectionString: databaseUrl, schema })
  for (const name of applied) terminal.print(`applied ${name}\n`)
  const outcome = applied.length === 0 ? 'was up to date already' : 'is up to date'
  terminal.print(`Schema "${schema}" ${outcome}, at version ${version}.\n`)
}

const parts: readonly RolePart[] = ['publisher', 'consumer', 'caller', 'relay', 'operator']

function assertNoRoles(flags: CommandContext['flags']): void {
  const given = parts.find((part) => flags[part] !== undefined)
  if (given === undefined) return
  throw new PigeonholeError('OPTION_INVALID', {
    message: `Option --${given} goes with --print: what a role needs is printed for the owner of the tables, and never granted by this command`,
    details: { option: given },
  })
}

// All migrations, since only the database knows which have run: each may run again over what it has made.
async function script(schema: string, flags: CommandContext['flags']): Promise<string> {
  const migrations = (await renderMigrations(schema)).map(({ name, sql }) => `-- ${name}\n${sql.trimEnd()}\n`)
  const grants = parts.flatMap((part) => {
    const role = flags[part]
    return role === undefined ? [] : [`-- ${part}\n${grantsFor(part, String(role), schema).join('\n')}\n`]
  })
  return ['BEGIN;\n', ...migrations, ...grants, 'COMMIT;\n'].join('\n')
}
