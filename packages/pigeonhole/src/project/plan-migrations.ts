import { PigeonholeError } from '@pigeonhole/core'
import { type Migration, quoteSchema } from '@pigeonhole/postgres'

/** A migration of a project: its folder's name, and its SQL. */
export interface ProjectMigration {
  readonly folder: string
  readonly sql: string
}

/** One of Pigeonhole's migrations in a project. */
export interface PlannedMigration extends ProjectMigration {
  /** `new`: to be written. `present`: there as this release has it. `changed`: there, and edited; it is left alone. */
  readonly state: 'new' | 'present' | 'changed'
}

/** What a plan is made of. */
export interface MigrationInput {
  /** Those of this release, rendered for `schema`, in their order. */
  readonly ours: readonly Migration[]
  /** All of the project. */
  readonly present: readonly ProjectMigration[]
  readonly schema: string
  readonly now: Date
}

/**
 * Which migrations a project needs. Prisma runs migrations by their names: one that is new is named so that it comes behind all
 * that the project has, because those may have run already.
 * @throws MIGRATION_CONFLICT when an earlier one is missing where a later one is there.
 */
export function planMigrations({ ours, present, schema, now }: MigrationInput): PlannedMigration[] {
  const plan: PlannedMigration[] = []
  let last =
    present
      .map(({ folder }) => folder)
      .sort()
      .at(-1) ?? ''
  for (const { name, sql } of ours) {
    const there = present.find((migration) => isSame(migration, name, schema))
    if (there) {
      if (plan.at(-1)?.state === 'new') throw gap(suffixOf(plan.at(-1)?.folder ?? ''), there.folder)
      plan.push({ ...there, state: there.sql === sql ? 'present' : 'changed' })
      continue
    }
    last = behind(last, name, now)
    plan.push({ folder: last, sql, state: 'new' })
  }
  return plan
}

// By its suffix, since the timestamp may be another, and by its schema, since a project may have the tables twice.
function isSame({ folder, sql }: ProjectMigration, name: string, schema: string): boolean {
  return suffixOf(folder) === suffixOf(name) && sql.includes(`${quoteSchema(schema)}."schema_version"`)
}

function suffixOf(name: string): string {
  return name.replace(/^\d+/, '')
}

function behind(last: string, name: string, now: Date): string {
  if (name > last) return name
  const digits = /^\d{14}/.exec(last)?.[0]
  const from = Math.max(now.getTime(), digits === undefined ? 0 : timeOf(digits))
  return `${digitsOf(new Date(from + 1_000))}${suffixOf(name)}`
}

function timeOf(digits: string): number {
  const [, year, month, day, hours, minutes, seconds] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(digits)?.map(Number) ?? []
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hours, minutes, seconds)
}

function digitsOf(date: Date): string {
  return date.toISOString().replace(/\D/g, '').slice(0, 14)
}

function gap(missing: string, there: string): PigeonholeError<'MIGRATION_CONFLICT'> {
  return new PigeonholeError('MIGRATION_CONFLICT', {
    message:
      `The project has the migration ${there}, and none with a name that ends in ${missing}, which comes before ` +
      'it: a new database would run them in the wrong order. Put the missing one back from version control',
    details: { migration: missing },
  })
}
