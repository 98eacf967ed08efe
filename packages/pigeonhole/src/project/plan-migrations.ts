import { PigeonholeError } from '@pigeonhole/core'
import { type Migration, quoteSchema } from '@pigeonhole/postgres'
import { stampBehind, stampFrom } from './migration-stamp.js'

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

/** Which migrations a project needs, and what comes of its own names. */
export interface MigrationPlan {
  readonly migrations: readonly PlannedMigration[]
  /** Those of the project that come behind any name with a timestamp, and so behind new ones. */
  readonly behindAll: readonly string[]
}

/**
 * Which migrations a project needs. Prisma runs migrations by their names: one that is new is named so that it comes behind all
 * that the project has, as far as a timestamp does, because those may have run already; and behind those before it in any case.
 * @throws MIGRATION_CONFLICT when an earlier one is missing where a later one is there.
 */
export function planMigrations({ ours, present, schema, now }: MigrationInput): MigrationPlan {
  const stamps = present.map(({ folder }) => [folder, stampBehind(folder)] as const)
  const behindAll = stamps.flatMap(([folder, stamp]) => (stamp === undefined ? [folder] : []))
  let least = stamps.reduce((most, [, stamp = '']) => (stamp > most ? stamp : most), '')
  const migrations: PlannedMigration[] = []
  for (const { name, sql } of ours) {
    const there = present.find((migration) => isSame(migration, name, schema))
    const before = migrations.at(-1)
    if (there) {
      if (before?.state === 'new') throw gap(suffixOf(before.folder), there.folder)
      migrations.push({ ...there, state: there.sql === sql ? 'present' : 'changed' })
      continue
    }
    const folder = name >= least ? name : `${stampFrom(least, now)}${suffixOf(name)}`
    least = stampBehind(folder) ?? least
    migrations.push({ folder, sql, state: 'new' })
  }
  return { migrations, behindAll }
}

// By its suffix, since the timestamp may be another, and by its schema, since a project may have the tables twice.
function isSame({ folder, sql }: ProjectMigration, name: string, schema: string): boolean {
  return suffixOf(folder) === suffixOf(name) && sql.includes(`${quoteSchema(schema)}."schema_version"`)
}

function suffixOf(name: string): string {
  return name.replace(/^\d+/, '')
}

function gap(missing: string, there: string): PigeonholeError<'MIGRATION_CONFLICT'> {
  return new PigeonholeError('MIGRATION_CONFLICT', {
    message:
      `The project has the migration ${there}, and none with a name that ends in ${missing}, which comes before ` +
      'it: a new database would run them in the wrong order. Put the missing one back from version control',
    details: { migration: missing },
  })
}
