import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'vitest'

/** A process of which every word is kept. */
export class LoggedProcess implements AsyncDisposable {
  readonly #child
  readonly #ended: Promise<unknown>
  #text = ''

  constructor(program: string, args: readonly string[], environment: Readonly<Record<string, string>>) {
    const env = { PATH: process.env['PATH'], ...environment }
    this.#child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#text += text
      })
    this.#ended = once(this.#child, 'close')
  }

  /** What it has written so far, to stdout and to stderr. */
  get text(): string {
    return this.#text
  }

  /** Resolves when it has written a line with all of these, whatever else is in it. */
  async says(...parts: readonly string[]): Promise<void> {
    const isThere = (): boolean =>
      this.#text.split('\n').some((line) => parts.every((part) => line.includes(part)))
    const message = (): string => `no line with ${parts.join(' and ')} in\n${this.#text.slice(-20_000)}`
    await expect
      .poll(isThere, { timeout: 60_000 })
      .toBe(true)
      .catch((cause) => {
        throw new Error(message(), { cause })
      })
  }

  /** Tells it to stop. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#ended
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<void> {
    await this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}
