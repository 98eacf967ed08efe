import path from 'node:path'
import { PigeonholeError } from '@pigeonhole/core'
import type { PlannedFile } from './planned-file.js'
import type { PrismaProject } from './prisma-project.js'

/** What a plan is made of. */
export interface ModelInput {
  readonly project: Pick<PrismaProject, 'schema'>
  /** The models of this release, rendered for `schema`. */
  readonly models: string
  readonly schema: string
  /** All files of the project's schema, one after the other. */
  readonly schemaText: string
  /** What is at the place of the models now: their own file in a folder, or the one file of the schema. */
  readonly current: string | undefined
}

const begin = '// Pigeonhole: models begin. `pigeonhole init --models` writes them anew.'
const end = '// Pigeonhole: models end.'

/** Where the models go: a file of their own in a folder, a part of its own where the schema is one file. */
export function modelsPath({ schema }: Pick<PrismaProject, 'schema'>): string {
  return schema.isFolder ? path.join(schema.path, 'pigeonhole.prisma') : schema.path
}

/**
 * How the models get into a project's schema.
 * @throws PRISMA_PROJECT_INVALID when the datasource does not list the schema of the tables.
 */
export function planModels({ project, models, schema, schemaText, current }: ModelInput): PlannedFile {
  assertSchemaListed(schemaText, schema)
  const text = project.schema.isFolder ? models : withPart(current ?? '', models)
  return { path: modelsPath(project), text, state: stateOf(current, text, project.schema.isFolder) }
}

function stateOf(current: string | undefined, text: string, isFolder: boolean): PlannedFile['state'] {
  if (current === text) return 'present'
  const hadModels = isFolder ? current !== undefined : current?.includes(begin)
  return hadModels ? 'changed' : 'new'
}

// What stands around it stays as it is.
function withPart(file: string, models: string): string {
  const part = `${begin}\n${models.trimEnd()}\n${end}\n`
  const from = file.indexOf(begin)
  const to = file.indexOf(end, from)
  if (from === -1 || to === -1) return `${file.trimEnd()}\n\n${part}`
  return `${file.slice(0, from)}${part}${file.slice(to + end.length).replace(/^\n/, '')}`
}

// Prisma wants each model of a datasource with `schemas` to name its own: which that is, only the project knows.
function assertSchemaListed(schemaText: string, schema: string): void {
  const code = schemaText.replace(/\/\/.*$/gm, '')
  const datasource = /\bdatasource\s+\w+\s*\{([^}]*)\}/.exec(code)?.[1] ?? ''
  const listed = /\bschemas\s*=\s*\[([^\]]*)\]/.exec(datasource)?.[1]
  const names = [...(listed ?? '').matchAll(/"([^"]*)"/g)].map(([, name]) => name ?? '')
  if (names.includes(schema)) return
  const list = [...(listed === undefined ? ['public'] : names), schema].map((name) => `"${name}"`).join(', ')
  const rest = listed === undefined ? ', and give each of your own models and enums @@schema("public")' : ''
  throw new PigeonholeError('PRISMA_PROJECT_INVALID', {
    message:
      `The models of Pigeonhole's tables need their schema in the datasource: write schemas = [${list}] in it${rest}. ` +
      'Then run this again. Without --models the tables are there all the same, and Prisma does not mind them',
    details: {},
  })
}
