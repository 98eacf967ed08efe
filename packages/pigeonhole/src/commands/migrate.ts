import { PigeonholeError } from '@pigeonhole/core'
import { grantsFor, type MigrateResult, migrate, type RolePart, renderMigrations } from '@pigeonhole/postgres'
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
    assertNoJson(flags)
    terminal.print(await script(resolveSettings(initSettings, sources).schema, flags))
    return
  }
  assertNoRoles(flags)
  const { databaseUrl, schema } = resolveSettings(databaseSettings, sources)
  const asJson = flags['json'] === true
  const tell = (name: string): void => terminal.warn(`applying ${name}\n`)
  const outcome = await migrate({
    connectionString: databaseUrl,
    schema,
    ...(!asJson && { onMigration: tell }),
  })
  terminal.print(asJson ? `${JSON.stringify(outcome, null, 2)}\n` : describe(outcome, schema))
}

function describe({ applied, version }: MigrateResult, schema: string): string {
  const lines = applied.map((name) => `applied ${name}\n`)
  const outcome = applied.length === 0 ? 'was up to date already' : 'is up to date'
  return `${lines.join('')}Schema "${schema}" ${outcome}, at version ${version}.\n`
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

function assertNoJson({ json }: CommandContext['flags']): void {
  if (json !== true) return
  throw new PigeonholeError('OPTION_INVALID', {
    message: '--print and --json are both given: what --print prints is SQL',
    details: { option: 'json' },
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
