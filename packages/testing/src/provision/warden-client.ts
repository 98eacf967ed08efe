import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { provisioningFailed } from './provisioning-failed.js'
import type {
  ProcessExit,
  ProcessSpec,
  WardenCommand,
  WardenMessage,
  WardenRequest,
} from './warden-messages.js'

/** A warden process, seen from the test process. */
export interface Warden {
  /** An empty directory of its own, removed when the warden ends. */
  readonly directory: string
  /** Starts a process and resolves once it runs. */
  spawn(spec: ProcessSpec): Promise<RunningProcess>
  /** Runs a process to its end. */
  run(spec: ProcessSpec): Promise<ProcessExit>
  /** Ends every process, removes the directory. A second call does nothing. */
  close(): Promise<void>
}

/** A process under a warden. */
export interface RunningProcess {
  readonly exited: Promise<ProcessExit>
  /** To it and all its children. */
  signal(signal: NodeJS.Signals): Promise<void>
  /** Sends the signal, then SIGKILL after `graceMs`; resolves when it and its children are gone. */
  end(signal: NodeJS.Signals, graceMs: number): Promise<void>
  /** SIGKILL to it and all its children; resolves when they are gone. */
  kill(): Promise<void>
}

/** Starts a warden whose directory carries `label` in its name. */
export async function openWarden(label: string): Promise<Warden> {
  const child = fork(fileURLToPath(new URL('./warden.js', import.meta.url)), [label], {
    // A session of its own: Ctrl-C reaches the test process alone, which decides what becomes of the servers.
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
    env: withoutNodeOptions(process.env),
  })
  return await new WardenChannel(child, label).opened
}

// A debugger's or a loader's flags are meant for the tests, not for the warden.
function withoutNodeOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...rest } = env
  return rest
}

interface Waiting {
  resolve(exit: ProcessExit | undefined): void
  reject(error: unknown): void
}

class WardenChannel {
  readonly opened: Promise<Warden>
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #running = new Map<string, (exit: ProcessExit) => void>()
  #lastId = 0
  #closed: Promise<void> | undefined

  constructor(child: ChildProcess, label: string) {
    this.#child = child
    // Servers must not keep a test process alive that forgot to stop them: they end with it.
    child.unref()
    this.opened = new Promise((resolve, reject) => {
      child.on('message', (message: WardenMessage) => {
        if (message.says === 'ready') {
          child.channel?.unref()
          resolve(this.#warden(message.directory))
        } else this.#hear(message)
      })
      const fail = (cause?: unknown) => {
        const error = provisioningFailed(label, `The process that watches over ${label} has ended`, cause)
        reject(error)
        this.#failAll(error)
      }
      child.once('error', fail)
      child.once('exit', () => fail())
    })
  }

  #warden(directory: string): Warden {
    return {
      directory,
      spawn: (spec) => this.#spawn(spec),
      run: async (spec) => (await this.#ask({ do: 'run', spec })) ?? { code: null, signal: null },
      close: () => (this.#closed ??= this.#close()),
    }
  }

  async #spawn(spec: ProcessSpec): Promise<RunningProcess> {
    const { name } = spec
    const exited = new Promise<ProcessExit>((resolve) => this.#running.set(name, resolve))
    await this.#ask({ do: 'spawn', spec })
    return {
      exited,
      signal: async (signal) => void (await this.#ask({ do: 'signal', name, signal })),
      end: async (signal, graceMs) => void (await this.#ask({ do: 'end', name, signal, graceMs })),
      kill: async () => void (await this.#ask({ do: 'kill', name })),
    }
  }

  async #close(): Promise<void> {
    if (!this.#child.connected) return
    await this.#ask({ do: 'close' })
    this.#child.disconnect()
  }

  #ask(command: WardenCommand): Promise<ProcessExit | undefined> {
    const request: WardenRequest = { id: ++this.#lastId, command }
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject })
      this.#child.channel?.ref()
      this.#child.send(request, (error) => error !== null && this.#settle(request.id)?.reject(error))
    })
  }

  #hear(message: Exclude<WardenMessage, { says: 'ready' }>): void {
    if (message.says === 'exited') {
      this.#running.get(message.name)?.(message.exit)
    } else if (message.error === undefined) {
      this.#settle(message.id)?.resolve(message.exit)
    } else {
      this.#settle(message.id)?.reject(new Error(message.error))
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.#child.channel?.unref()
    return waiting
  }

  #failAll(error: unknown): void {
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(error)
  }
}
