import { type ChildProcess, fork, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Plan } from './plan.js'
import type { Command, Hold, Report } from './protocol.js'

/** What an {@link Actor} runs. */
export interface Script {
  /** The name of a file beside `worker/part.js`, without its ending. */
  readonly worker: string
  readonly plan: Plan
  readonly environment: Readonly<Record<string, string>>
}

interface ActorEvents {
  report: [Report]
  /** It has ended, and nobody told it to. */
  fell: [Error]
}

/** A process of the demo, through all its lives. */
export class Actor extends EventEmitter<ActorEvents> {
  readonly name: string
  readonly #script: Script
  #child: ChildProcess | undefined
  #pause: ChildProcess | undefined
  #life = 0
  #output = ''

  constructor(name: string, script: Script) {
    super()
    this.name = name
    this.#script = script
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Starts the process, and has it stand still at `hold`. Resolves when it is ready. */
  async start(hold?: Hold): Promise<void> {
    this.#life += 1
    const { worker, plan, environment } = this.#script
    const part = { name: this.name, plan, life: this.#life, ...(hold && { hold }) }
    const child = fork(fileURLToPath(new URL(`./worker/${worker}.js`, import.meta.url)), {
      env: { ...process.env, ...environment, DEMO_PART: JSON.stringify(part) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#output = `${this.#output}${text}`.slice(-4_000)
      })
    }
    const ready = this.next(({ says }) => says === 'ready')
    child.on('message', (report: Report) => this.emit('report', report))
    child.on('exit', (code, signal) => {
      if (this.#child !== child) return
      this.#child = undefined
      const how = signal ?? `exit code ${code}`
      this.emit(
        'fell',
        new Error(`${this.name} has ended by itself (${how}). Its last words:\n${this.#output}`),
      )
    })
    await ready
  }

  /** The next report that `wanted` holds for. */
  next(wanted: (report: Report) => boolean): Promise<Report> {
    return new Promise((resolve) => {
      const listen = (report: Report): void => {
        if (!wanted(report)) return
        this.off('report', listen)
        resolve(report)
      }
      this.on('report', listen)
    })
  }

  tell(command: Command): void {
    this.#child?.send(command)
  }

  /** SIGKILL. Resolves when it is gone, to the signal that it died by. */
  async kill(): Promise<NodeJS.Signals | null> {
    const child = this.#child
    if (!child) return null
    this.#child = undefined
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    const [, signal] = await gone
    return signal
  }

  /**
   * SIGSTOP: it keeps its connections and does nothing. A helper holds it so, and wakes it when this process is gone,
   * however it went: a paused process cannot notice that by itself.
   */
  pause(): void {
    const script = 'trap "" INT; kill -STOP "$0"; read -r _; kill -CONT "$0"'
    this.#pause = spawn('sh', ['-c', script, String(this.pid)], { stdio: ['pipe', 'ignore', 'ignore'] })
  }

  /** SIGCONT. */
  wake(): void {
    this.#pause?.stdin?.end()
    this.#pause = undefined
  }

  /** Lets it end by itself; after `graceMs` it is killed. */
  async stop(graceMs: number): Promise<void> {
    const child = this.#child
    if (!child) return
    this.#child = undefined
    this.wake()
    const gone = once(child, 'exit')
    child.send({ do: 'stop' } satisfies Command)
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await gone
    clearTimeout(timer)
  }
}
