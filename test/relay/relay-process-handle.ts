import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { programPath } from '../setup/program-path.js'
import type {
  RelayProcessCommand,
  RelayProcessMessage,
  RelayProcessOptions,
} from './relay-process-protocol.js'

/** What a process runs. */
export type Program =
  | 'relay-process'
  | 'reshard-process'
  | 'adopt-process'
  | 'operator-process'
  | 'inbox-process'

function pathOf(program: Program | URL): string {
  return program instanceof URL ? fileURLToPath(program) : programPath(`relay/${program}`)
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A relay in a process of its own, and everything that it has told. */
export class RelayProcess {
  /** Settles when the process has ended. */
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #told: RelayProcessMessage[] = []
  readonly #waiting = new Set<() => void>()
  #errors = ''
  #drains = 0
  /** Whether it has ended, and all that it has told is here. */
  #isOver = false

  /** `program` is one of this build, or where it is. `hear` is told everything, at once. */
  constructor(
    options: RelayProcessOptions,
    program: Program | URL = 'relay-process',
    hear: (message: RelayProcessMessage) => void = () => undefined,
  ) {
    this.#child = spawn(process.execPath, [pathOf(program), JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.exited = once(this.#child, 'close').then(([code, signal]) => {
      this.#isOver = true
      this.#notify()
      return { code, signal }
    })
    this.#child.stderr?.on('data', (data) => {
      this.#errors += String(data)
    })
    this.#child.stdin?.on('error', () => undefined) // It may have been killed already.
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const message = JSON.parse(line) as RelayProcessMessage
      this.#told.push(message)
      hear(message)
      this.#notify()
    })
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** The first message that matches among those told so far. */
  find(matches: (message: RelayProcessMessage) => boolean): RelayProcessMessage | undefined {
    return this.#told.find(matches)
  }

  /** Resolves to the first message that matches, also when it was told before. Rejects when the process ends first. */
  async told(matches: (message: RelayProcessMessage) => boolean): Promise<RelayProcessMessage> {
    for (;;) {
      const found = this.find(matches)
      if (found) return found
      if (this.#isOver) throw new Error(`the relay ended: ${this.history()}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  /** Resolves when the process has told of the event `name` with all of `data`. */
  async event(name: string, data: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.told((message) => isEvent(message, name, data))
  }

  /** How often it has told of the event `name` with all of `data`. */
  count(name: string, data: Readonly<Record<string, unknown>> = {}): number {
    return this.#told.filter((message) => isEvent(message, name, data)).length
  }

  async reached(): Promise<void> {
    await this.told((message) => message.type === 'reached')
  }

  command(command: RelayProcessCommand): void {
    this.#child.stdin?.write(`${command}\n`)
  }

  /** Resolves when everything that was committed before the call is confirmed. */
  async drain(): Promise<void> {
    this.#drains += 1
    const asked = this.#drains
    this.command('drain')
    // Not the answer to an earlier call.
    await this.told(() => this.#told.filter(({ type }) => type === 'drained').length >= asked)
  }

  /** Stops the relay in an orderly way. */
  async stop(): Promise<Exit> {
    this.command('stop')
    return this.exited
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Everything it has told, for a failed assertion. */
  history(): string {
    return [...this.#told.map((message) => JSON.stringify(message)), this.#errors].join('\n')
  }

  /** What it said of the error that it ended with, in one line. */
  lastError(): string {
    return this.#errors.split('\n').find((line) => /Error|code:/.test(line)) ?? 'no error'
  }

  #notify(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

function isEvent(
  message: RelayProcessMessage,
  name: string,
  data: Readonly<Record<string, unknown>>,
): boolean {
  if (message.type !== 'event' || message.name !== name) return false
  return Object.entries(data).every(
    ([key, value]) => (message.data as Record<string, unknown>)[key] === value,
  )
}
