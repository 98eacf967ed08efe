import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, inject, onTestFinished } from 'vitest'

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A line of a worker's log. */
export type LogLine = Readonly<Record<string, unknown>>

/** The built command as a process of its own, with no variables but those given. Ends with the test at the latest. */
export class CommandProcess {
  readonly lines: LogLine[] = []
  readonly exit: Promise<Exit>
  readonly #child
  readonly #stdout: Buffer[] = []
  #stderr = ''

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const env = { PATH: process.env['PATH'], ...environment }
    this.#child = spawn(process.execPath, [inject('pigeonhole'), ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.exit = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }))
    this.#child.stdout.on('data', (chunk: Buffer) => this.#stdout.push(chunk))
    this.#child.stderr.on('data', (chunk) => {
      this.#stderr += chunk
    })
    createInterface(this.#child.stdout).on('line', (line) => {
      if (line.startsWith('{"level"')) this.lines.push(JSON.parse(line))
    })
    onTestFinished(async () => {
      this.kill('SIGKILL')
      await this.exit
    })
  }

  get stdout(): string {
    return this.stdoutBytes.toString('utf8')
  }

  get stdoutBytes(): Buffer {
    return Buffer.concat(this.#stdout)
  }

  get stderr(): string {
    return this.#stderr
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The first line of the log, already written or still to come, with these fields. */
  async line(fields: LogLine): Promise<LogLine> {
    const wanted = expect.objectContaining(fields)
    await expect.poll(() => this.lines, { timeout: 60_000 }).toContainEqual(wanted)
    return this.lines.find((line) => wanted.asymmetricMatch(line)) ?? {}
  }
}

/** Runs the command to its end. */
export async function runCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const command = new CommandProcess(args, environment)
  const { code } = await command.exit
  return { code, stdout: command.stdout, stderr: command.stderr }
}
