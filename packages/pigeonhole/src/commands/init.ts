import path from 'node:path'
import type { CommandContext } from '../command/context.js'
import { initSettings } from '../configuration/init-settings.js'
import { resolveSettings } from '../configuration/resolve-settings.js'
import { sourcesOf } from '../configuration/sources.js'
import { warnOfUnknownVariables } from '../configuration/unknown-variables.js'
import { type ProjectPlan, planProject, writeProject } from '../project/plan-project.js'
import type { PlannedFile } from '../project/planned-file.js'

/** `pigeonhole init`: puts what a Prisma project needs into it, and says what it did and what comes next. */
export async function init({ flags, environment, file, terminal }: CommandContext): Promise<void> {
  warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
  const { schema } = resolveSettings(initSettings, sourcesOf({ flags, environment, file }))
  const cwd = process.cwd()
  const prismaConfig = flags['prismaConfig'] as string | undefined
  const models = flags['models'] === true
  const plan = await planProject({ cwd, schema, models, ...(prismaConfig && { prismaConfig }) })
  if (flags['dryRun'] !== true) await writeProject(plan)
  const outcome = outcomeOf(plan, cwd)
  const text = flags['json'] === true ? `${JSON.stringify(outcome, null, 2)}\n` : describe(outcome, flags)
  terminal.print(text)
}

/** What `pigeonhole init --json` prints. Paths are relative to the folder that it was run in. */
interface InitOutcome {
  readonly prismaConfig: string | null
  readonly files: readonly { readonly path: string; readonly state: FileState }[]
  /** Migrations of the project that run behind Pigeonhole's, whatever those are called. */
  readonly behindAll: readonly string[]
}

type FileState = 'added' | 'updated' | 'unchanged' | 'edited'

// A migration that was edited is left alone, since it may have run; models are Pigeonhole's own and are written anew.
function outcomeOf(plan: ProjectPlan, cwd: string): InitOutcome {
  const { project, migrations, lock, models, config, behindAll } = plan
  const told = (file: PlannedFile, changed: FileState): InitOutcome['files'][number] => {
    const states = { new: 'added', present: 'unchanged', changed } as const
    return { path: path.relative(cwd, file.path), state: states[file.state] }
  }
  return {
    prismaConfig: project.configFile === undefined ? null : path.relative(cwd, project.configFile),
    files: [
      ...migrations.map((file) => told(file, 'edited')),
      // Prisma's own, made for a project that has no migration yet.
      ...(lock.state === 'new' ? [told(lock, 'updated')] : []),
      ...(models ? [told(models, 'updated')] : []),
      told(config, 'unchanged'),
    ],
    behindAll,
  }
}

function describe({ prismaConfig, files, behindAll }: InitOutcome, flags: CommandContext['flags']): string {
  const width = Math.max(...files.map(({ state }) => state.length))
  const lines = files.map(({ state, path: file }) => `${state.padEnd(width)}  ${file}`)
  const isDry = flags['dryRun'] === true
  const edited = files.some(({ state }) => state === 'edited')
  return [
    `Prisma project: ${prismaConfig ?? 'no prisma.config file, so its defaults'}`,
    ...lines,
    ...(edited ? ['', 'A migration that is "edited" differs from this release and was left as it is.'] : []),
    ...behind(behindAll),
    '',
    ...(isDry ? ['Nothing was written (--dry-run).'] : nextSteps(files)),
    '',
  ].join('\n')
}

function behind(folders: readonly string[]): string[] {
  if (folders.length === 0) return []
  return [
    '',
    `Prisma runs migrations by their names, and no timestamp comes behind ${folders.join(', ')}:`,
    "in a new database it runs behind Pigeonhole's migrations, which need nothing of your own.",
  ]
}

function nextSteps(files: InitOutcome['files']): string[] {
  const hasMigrations = files.some(({ state, path: file }) => state === 'added' && file.endsWith('.sql'))
  const hasModels = files.some(({ state, path: file }) => state !== 'unchanged' && file.endsWith('.prisma'))
  return [
    'Next:',
    ...(hasMigrations
      ? ['  npx prisma migrate dev        make the tables here; prisma migrate deploy elsewhere']
      : []),
    ...(hasModels ? ['  npx prisma generate           the client with the models of the tables'] : []),
    '  npx pigeonhole relay --help   what a relay needs; pigeonhole.config.mjs takes all of it',
  ]
}
