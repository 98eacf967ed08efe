import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Migration } from '@pigeonhole/postgres'

const root = path.dirname(createRequire(import.meta.url).resolve('../../package.json'))
const programs = {
  pigeonhole: path.join(root, 'packages/pigeonhole/dist/bin.js'),
  prisma: path.join(root, 'node_modules/prisma/build/index.js'),
}

/** With what Prisma's command finds its engine, and asks nobody outside. */
export const prismaEnvironment = {
  PRISMA_SCHEMA_ENGINE_BINARY: path.join(root, 'test/prisma/schema-engine.mjs'),
  PRISMA_HIDE_UPDATE_MESSAGE: 'true',
  CHECKPOINT_DISABLE: 'true',
}

/** A Prisma project of its own in a folder, with what this repository has installed. */
export class ScratchProject implements AsyncDisposable {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async make(): Promise<ScratchProject> {
    return await ScratchProject.in(await mkdtemp(path.join(tmpdir(), 'pigeonhole-project-')))
  }

  /** Makes a folder that is there a project. */
  static async in(folder: string): Promise<ScratchProject> {
    const project = new ScratchProject(folder)
    await project.put('package.json', '{ "type": "module" }')
    await project.linkModules()
    return project
  }

  async put(file: string, text: string): Promise<void> {
    await mkdir(path.dirname(this.#at(file)), { recursive: true })
    await writeFile(this.#at(file), text)
  }

  async remove(file: string): Promise<void> {
    await rm(this.#at(file), { recursive: true })
  }

  async linkModules(): Promise<void> {
    await symlink(path.join(root, 'node_modules'), this.#at('node_modules'))
  }

  read(file: string): Promise<string> {
    return readFile(this.#at(file), 'utf8')
  }

  list(folder: string): Promise<string[]> {
    return readdir(this.#at(folder))
  }

  /** Runs a command in the project, with Prisma's engine at hand. Resolves to what it printed on stdout. */
  async run(
    program: keyof typeof programs,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [programs[program], ...args], {
      cwd: this.#folder,
      env: { ...process.env, ...prismaEnvironment, ...env },
    })
    return stdout
  }

  /** The migrations in a folder, in the order in which Prisma runs them. */
  async migrations(folder: string): Promise<Migration[]> {
    const entries = await readdir(this.#at(folder), { withFileTypes: true })
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
    return Promise.all(
      names
        .sort((one, other) => one.localeCompare(other))
        .map(async (name, version) => {
          return { version, name, sql: await this.read(path.join(folder, name, 'migration.sql')) }
        }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true })
  }

  #at(file: string): string {
    return path.join(this.#folder, file)
  }
}
