import { readdir, readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { PigeonholeError } from '@pigeonhole/core'

/** A Prisma project, as its configuration has it. */
export interface PrismaProject {
  /** Its prisma.config file; absent where there is none. */
  readonly configFile?: string
  /** Where its schema is: one file, or a folder of them. */
  readonly schema: { readonly path: string; readonly isFolder: boolean }
  /** The folder of its migrations, which may not be there yet. */
  readonly migrations: string
}

/** Where to look for a project. */
export interface ProjectSearch {
  readonly cwd: string
  /** Default: prisma.config.ts and the other names that Prisma knows, in `cwd`. */
  readonly configFile?: string
}

/** The part of `@prisma/config` that is used here. Its types are Prisma's own affair. */
interface PrismaConfig {
  loadConfigFromFile(input: { configRoot: string; configFile?: string }): Promise<LoadedConfig>
}

interface LoadedConfig {
  readonly config?: { readonly schema?: string; readonly migrations?: { readonly path?: string } }
  readonly resolvedPath: string | null
  readonly error?: { readonly _tag: string; readonly error?: Error }
}

/**
 * Reads the configuration of the Prisma project in a folder by the project's own Prisma, with its defaults.
 * @throws PRISMA_PROJECT_INVALID when Prisma is not installed there, its configuration cannot be read, or there is no schema.
 */
export async function readPrismaProject({ cwd, configFile }: ProjectSearch): Promise<PrismaProject> {
  const { loadConfigFromFile } = await loadPrismaConfig(cwd)
  const loaded = await loadConfigFromFile({ configRoot: cwd, ...(configFile && { configFile }) })
  if (loaded.error) throw unreadable(loaded.resolvedPath ?? configFile ?? cwd, loaded.error)
  const schema = await findSchema(cwd, loaded.config?.schema)
  // Prisma's own default, whether or not the schema is a folder.
  const root = schema.isFolder ? schema.path : path.dirname(schema.path)
  const migrations = loaded.config?.migrations?.path ?? path.join(root, 'migrations')
  return { schema, migrations, ...(loaded.resolvedPath && { configFile: loaded.resolvedPath }) }
}

/** The text of a project's schema, all files of it. */
export async function readSchemaText({ schema }: PrismaProject): Promise<string> {
  if (!schema.isFolder) return readFile(schema.path, 'utf8')
  const names = await readdir(schema.path, { recursive: true })
  const files = names.filter((name) => name.endsWith('.prisma')).sort()
  const texts = await Promise.all(files.map((name) => readFile(path.join(schema.path, name), 'utf8')))
  return texts.join('\n')
}

async function loadPrismaConfig(cwd: string): Promise<PrismaConfig> {
  try {
    const prisma = createRequire(path.join(cwd, 'package.json')).resolve('prisma/package.json')
    const module = await import(pathToFileURL(createRequire(prisma).resolve('@prisma/config')).href)
    return module.loadConfigFromFile ? module : module.default
  } catch (cause) {
    throw invalid(
      `Prisma is not installed in ${cwd}: npm install --save-dev prisma, or go to the project's folder`,
      cause,
    )
  }
}

async function findSchema(cwd: string, configured: string | undefined): Promise<PrismaProject['schema']> {
  const candidates = configured ? [configured] : ['prisma/schema.prisma', 'schema.prisma', 'prisma/schema']
  for (const candidate of candidates) {
    const found = path.resolve(cwd, candidate)
    const stats = await stat(found).catch(() => undefined)
    if (stats) return { path: found, isFolder: stats.isDirectory() }
  }
  throw invalid(`There is no Prisma schema at ${candidates.join(' or ')}: set schema in prisma.config.ts`)
}

function unreadable(where: string, { _tag, error }: NonNullable<LoadedConfig['error']>): Error {
  const why = error?.message ?? _tag
  const message = `The configuration of Prisma in ${where} cannot be read: ${why}`
  // Of Prisma's env(), by its name: it is another copy's class.
  if (error?.name !== 'PrismaConfigEnvError') return invalid(message, error)
  const hint = "Set it, or read .env: import 'dotenv/config' as the first line of prisma.config.ts"
  return invalid(`${message.replace(/\.$/, '')}. ${hint}`, error)
}

function invalid(message: string, cause?: unknown): PigeonholeError<'PRISMA_PROJECT_INVALID'> {
  return new PigeonholeError('PRISMA_PROJECT_INVALID', {
    message,
    details: {},
    ...(cause !== undefined && { cause }),
  })
}
