import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { debianPostgresTools } from '@pigeonhole/testing'
import { expect } from 'vitest'
import { root } from '../docs/interface-docs.js'
import { prismaEnvironment } from '../prisma/scratch-project.js'
import { commandsOf, type RunbookCommand } from './runbook.js'

/** What the page leaves to its reader: variables of the environment, by which psql's are set as well. */
export type Placeholders = Readonly<Record<string, string>>

/** What `pigeonhole.config.mjs` has. */
export interface Settings {
  readonly name: string
  readonly databaseUrl: string
  readonly brokers: readonly string[]
}

/** How a command ended. */
export interface CommandEnd {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Where the commands of a page are run as they stand there: a folder with a file of settings, and a PATH that has the programs they name. What a
 * reader fills in comes by variables; no command is edited.
 */
export class RunbookShell implements AsyncDisposable {
  readonly folder: string
  readonly #psql: string
  #settings: Settings

  private constructor(folder: string, psql: string, settings: Settings) {
    this.folder = folder
    this.#psql = psql
    this.#settings = settings
  }

  /** @param settings Those of `pigeonhole.config.mjs`, by their names. */
  static async open(settings: Settings): Promise<RunbookShell> {
    const folder = await mkdtemp(path.join(tmpdir(), 'pigeonhole-runbook-'))
    const tools = await debianPostgresTools(() => undefined)
    const shell = new RunbookShell(folder, path.join(tools, 'psql'), settings)
    await mkdir(shell.#programs)
    await shell.install('pigeonhole', [process.execPath, `${root}/packages/pigeonhole/dist/bin.js`])
    const prisma = [process.execPath, `${root}/node_modules/prisma/build/index.js`]
    await shell.install('prisma', prisma, prismaEnvironment)
    await shell.configure({})
    return shell
  }

  /** Edits the file of settings. */
  async configure(changed: Partial<Settings>): Promise<void> {
    this.#settings = { ...this.#settings, ...changed }
    const text = `export default ${JSON.stringify(this.#settings, null, 2)}\n`
    await writeFile(path.join(this.folder, 'pigeonhole.config.mjs'), text)
  }

  /** Puts a program on the PATH, as npm does at an installation. */
  async install(
    name: string,
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const exports = Object.entries(environment).map(([variable, value]) => `export ${variable}='${value}'\n`)
    const quoted = words.map((word) => `'${word}'`).join(' ')
    const script = `#!/bin/sh\n${exports.join('')}exec ${quoted} "$@"\n`
    await writeFile(path.join(this.#programs, name), script, { mode: 0o755 })
  }

  /** Begins a section of docs/operations.md. */
  section(title: string, placeholders: Placeholders = {}): RunbookWalk {
    return new RunbookWalk(title, placeholders, (command, filledIn) => this.#run(command, filledIn))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  get #programs(): string {
    return path.join(this.folder, 'bin')
  }

  async #run({ kind, text }: RunbookCommand, placeholders: Placeholders): Promise<CommandEnd> {
    const env = { ...placeholders, PATH: `${this.#programs}:${process.env['PATH']}` }
    if (kind === 'sh') return await runToEnd('sh', ['-c', text], { cwd: this.folder, env })
    const variables = Object.entries(placeholders).flatMap(([name, value]) => [
      '-v',
      `${name.toLowerCase()}=${value}`,
    ])
    const args = [this.#settings.databaseUrl, '-X', '-v', 'ON_ERROR_STOP=1', ...variables]
    return await runToEnd(this.#psql, args, { cwd: this.folder, env, input: text })
  }
}

type Run = (command: RunbookCommand, placeholders: Placeholders) => Promise<CommandEnd>

/** One walk through a section: its commands in their order, each once, and none is left out. */
export class RunbookWalk {
  readonly #title: string
  readonly #left: RunbookCommand[]
  readonly #run: Run
  #placeholders: Placeholders

  constructor(title: string, placeholders: Placeholders, run: Run) {
    this.#title = title
    this.#left = [...commandsOf(title)]
    this.#placeholders = placeholders
    this.#run = run
  }

  /** What a reader has found out on the way. */
  fillIn(placeholders: Placeholders): void {
    this.#placeholders = { ...this.#placeholders, ...placeholders }
  }

  /** Runs the next command, which has to begin like this, and expects it to end with one of `codes`. Resolves to what it prints. */
  async step(beginning: string, ...codes: readonly number[]): Promise<string> {
    return (await this.#next(beginning, codes.length > 0 ? codes : [0])).stdout
  }

  /** The same of a command that is refused with `code`. Resolves to what it says of that. */
  async refused(beginning: string, code: number): Promise<string> {
    return (await this.#next(beginning, [code])).stderr
  }

  /** Runs what is left, in order. `pigeonhole adopt` ends with 3 where nobody answers. Resolves to what the last one prints. */
  async rest(): Promise<string> {
    let printed = ''
    while (this.#left.length > 0) {
      const asks = this.#left[0]?.text === 'pigeonhole adopt'
      printed = await this.step('', asks ? 3 : 0)
    }
    return printed
  }

  /** Expects every command of the section to have been run. */
  end(): void {
    expect(this.#left, `commands of "${this.#title}" that were not run`).toEqual([])
  }

  async #next(beginning: string, codes: readonly number[]): Promise<CommandEnd> {
    const next = this.#left.shift()
    expect(next?.text ?? `nothing more in "${this.#title}"`).toMatch(beginning)
    const end = await this.#run(next as RunbookCommand, this.#placeholders)
    expect(codes, `${next?.text}\n${end.stderr}`).toContain(end.code)
    return end
  }
}

async function runToEnd(
  command: string,
  args: readonly string[],
  {
    input = '',
    ...where
  }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly input?: string },
): Promise<CommandEnd> {
  const child = spawn(command, args, where)
  const end = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    end.stdout += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    end.stderr += String(chunk)
  })
  child.stdin.on('error', () => undefined) // It may have ended.
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { ...end, code: code as number }
}
