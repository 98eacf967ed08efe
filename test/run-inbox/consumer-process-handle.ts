import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { programPath } from '../setup/program-path.js'
import type { ConsumerProcessMessage, ConsumerProcessOptions } from './consumer-process-protocol.js'

const program = programPath('run-inbox/consumer-process')

/**
 * A process whose handler never yields and that has told nothing for so long, in milliseconds, is taken for dead, as a liveness probe
 * does. Others may be as silent on a busy machine.
 */
const silenceMs = 2_500

/** A consumer in a process of its own. */
export class ConsumerProcess {
  /** Settles when it has ended, to how. */
  readonly exited: Promise<string>
  readonly told: ConsumerProcessMessage[] = []
  /** What it has printed: where it has killed itself. */
  printed = ''
  readonly #child: ChildProcess
  readonly #hear: (message: ConsumerProcessMessage) => void
  #probe: NodeJS.Timeout | undefined
  #yields = true

  constructor(
    options: ConsumerProcessOptions,
    hear: (message: ConsumerProcessMessage) => void = () => undefined,
    execArgv: readonly string[] = [],
  ) {
    this.#hear = hear
    const stdio = ['ignore', 'pipe', 'ignore', 'ipc'] as const
    this.#child = fork(program, [JSON.stringify(options)], { execArgv: [...execArgv], stdio: [...stdio] })
    this.#child.stdout?.on('data', (data) => {
      this.printed += String(data)
    })
    this.exited = once(this.#child, 'close').then(([code, signal]) => {
      clearTimeout(this.#probe)
      return String(signal ?? code)
    })
    this.#child.on('message', (message: ConsumerProcessMessage) => {
      if (message.type !== 'tick') this.told.push(message)
      this.#hear(message)
    })
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Resolves when the next message is done, or parked. */
  nextDone(): Promise<void> {
    return new Promise((resolve) => {
      const hear = ({ type }: ConsumerProcessMessage): void => {
        if (type !== 'done') return
        this.#child.off('message', hear)
        resolve()
      }
      this.#child.on('message', hear)
    })
  }

  /** Kills it once it is silent: a handler that never yields. */
  probe(): this {
    this.#child.on('message', (message: ConsumerProcessMessage) => {
      clearTimeout(this.#probe)
      this.#yields &&= message.type !== 'handling' || !message.value.startsWith('loop')
      if (!this.#yields) this.#probe = setTimeout(() => this.signal('SIGKILL'), silenceMs)
    })
    return this
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Stops it in an orderly way. */
  async stop(): Promise<string> {
    if (this.#child.connected) this.#child.send('stop')
    return this.exited
  }
}
