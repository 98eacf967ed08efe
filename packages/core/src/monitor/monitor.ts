import { Emitter, type EventSource } from '../events/emitter.js'
import type { Service } from '../lifecycle/service.js'
import { untilAborted } from '../lifecycle/until-aborted.js'
import { LongHolders } from './long-holders.js'
import type { MonitorEvents } from './monitor-events.js'
import { type MonitorOptions, type ResolvedMonitorOptions, resolveMonitorOptions } from './monitor-options.js'

/** Looks at an outbox from time to time, and tells what it sees: for metrics and alarms. It changes nothing. */
export interface Monitor extends Service, EventSource<MonitorEvents> {}

/**
 * Creates a monitor of an outbox, whether a relay runs or not. It looks at once when it is started.
 * @throws OPTION_INVALID
 */
export function createMonitor(options: MonitorOptions): Monitor {
  return new StoreMonitor(resolveMonitorOptions(options))
}

class StoreMonitor extends Emitter<MonitorEvents> implements Monitor {
  readonly stopped: Promise<void>
  readonly #options: ResolvedMonitorOptions
  readonly #holders: LongHolders
  readonly #ending = new AbortController()
  #running: Promise<void> | undefined
  #resolveStopped: () => void = () => undefined

  constructor(options: ResolvedMonitorOptions) {
    super('monitor')
    this.#options = options
    this.#holders = new LongHolders(options.clock, options.longTransactionMs)
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve
    })
  }

  async start(): Promise<void> {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    await this.#running
    this.#resolveStopped()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #run(): Promise<void> {
    const { clock, measureMs } = this.#options
    const { signal } = this.#ending
    while (!signal.aborted) {
      // A look that hangs ends by the store's own deadline: stopping does not wait for it.
      await untilAborted(this.#look(), signal).catch(() => undefined)
      await clock.sleep(measureMs, signal)
    }
  }

  async #look(): Promise<void> {
    try {
      const measures = await this.#options.store.readMeasures()
      if (this.#ending.signal.aborted) return
      this.emit('outbox:measured', measures)
      const { held, released } = this.#holders.note(measures.xidHolder)
      if (released) this.emit('xid:released', released)
      if (held) this.emit('xid:held', held)
    } catch (error) {
      if (!this.#ending.signal.aborted) this.emit('outbox:unmeasured', { error })
    }
  }
}
