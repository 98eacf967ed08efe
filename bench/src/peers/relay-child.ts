import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What a relay's program is told. */
export interface ProgramOptions {
  readonly databaseUrl: string
  readonly brokers: readonly string[]
  readonly topic: string
  /** Shards of a new outbox. Default: 1. */
  readonly shards?: number
}

/** The programs of this folder that are relays. */
export type Program =
  | 'pigeonhole-process'
  | 'skip-locked-process'
  | 'polling-listener-process'
  | 'replication-listener-process'

/** A relay in a Node process of its own, which may be killed and started again. */
export class RelayChild {
  readonly #program: string
  readonly #options: ProgramOptions
  #child: ChildProcess | undefined

  constructor(program: Program, options: ProgramOptions) {
    this.#program = fileURLToPath(new URL(`./${program}.js`, import.meta.url))
    this.#options = options
  }

  /** Resolves when the process runs. A relay of PostgreSQL's table finds what was committed before, too. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [this.#program, JSON.stringify(this.#options)], {
      // The end of this process closes its standard input, which ends it.
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    this.#child = child
    await once(child, 'spawn')
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
}

/** What this program was told. It ends with the process that started it. */
export function programOptions(): ProgramOptions {
  process.stdin.on('close', () => process.exit()).resume()
  return JSON.parse(process.argv[2] ?? '{}') as ProgramOptions
}
