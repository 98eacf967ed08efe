import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, inject } from 'vitest'

/** A line of a worker's log. */
export type LogLine = Readonly<Record<string, unknown>>

/** What `/readyz` answers. */
export interface ReadinessAnswer {
  readonly status: number
  readonly reason?: string
  readonly message?: string
  readonly states: readonly string[]
}

/** An error, as a page tells it. */
export interface PageTrouble {
  readonly code: string
  readonly message: string
}

/** As much of what a worker's page is given as is looked at here. */
export interface PageState {
  readonly shards: readonly {
    readonly lastError: (PageTrouble & { readonly at: number }) | null
  }[]
  /** Why the database could not be looked at. */
  readonly failure: PageTrouble | null
  readonly found: {
    readonly faults: readonly string[]
    readonly parked: readonly { readonly kind: string; readonly topic: string; readonly why: string }[]
  } | null
}

/** `pigeonhole relay`, the built command in a process of its own, on any free port. */
export class WorkerProcess {
  readonly lines: LogLine[] = []
  readonly exited: Promise<void>
  readonly #child

  constructor(environment: Readonly<Record<string, string>>, cwd?: string) {
    const env = { PATH: process.env['PATH'], PIGEONHOLE_PORT: '0', ...environment }
    const stdio = ['ignore', 'pipe', 'inherit'] as const
    this.#child = spawn(process.execPath, [inject('pigeonhole'), 'relay'], { env, cwd, stdio: [...stdio] })
    this.exited = once(this.#child, 'close').then(() => undefined)
    createInterface(this.#child.stdout).on('line', (line) => {
      if (line.startsWith('{"level"')) this.lines.push(JSON.parse(line))
    })
  }

  /** The first line of the log behind the first `after` ones, already written or still to come, with these fields. */
  async line(fields: LogLine, { after = 0, timeout = 60_000 } = {}): Promise<LogLine> {
    const wanted = expect.objectContaining(fields)
    await expect.poll(() => this.lines.slice(after), { timeout }).toContainEqual(wanted)
    return this.lines.slice(after).find((line) => wanted.asymmetricMatch(line)) ?? {}
  }

  async readiness(): Promise<ReadinessAnswer> {
    const answer = await fetch(`${await this.#address()}/readyz`)
    const { shards, ...why } = (await answer.json()) as Pick<ReadinessAnswer, 'reason' | 'message'> & {
      readonly shards: readonly { readonly state: string }[]
    }
    return { ...why, status: answer.status, states: shards.map(({ state }) => state) }
  }

  /** The value of one metric; undefined where it is not there. */
  async metric(nameAndLabels: string): Promise<number | undefined> {
    const text = await (await fetch(`${await this.#address()}/metrics`)).text()
    const found = text.split('\n').find((line) => line.startsWith(`${nameAndLabels} `))
    return found === undefined ? undefined : Number(found.slice(nameAndLabels.length))
  }

  /** What its page tells of. */
  async page(): Promise<PageState> {
    const address = await this.#address()
    return (await (await fetch(`${address}/api/state`)).json()) as PageState
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Ends it, at once. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }

  /** Tells it to drain and stop. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.exited
  }

  async #address(): Promise<string> {
    const { health } = await this.line({ message: 'relay starts' })
    return String(health)
  }
}
