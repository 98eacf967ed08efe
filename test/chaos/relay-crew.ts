import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { type Exit, RelayProcess } from '../relay/relay-process-handle.js'
import type { RelayProcessMessage, RelayProcessOptions } from '../relay/relay-process-protocol.js'
import type { History } from './history.js'
import type { Life, Plan } from './plan.js'

/** What a {@link RelayCrew} is made from. */
export interface CrewSetup {
  readonly options: Omit<RelayProcessOptions, 'fault'>
  readonly size: number
  readonly plan: Plan
  readonly history: History
}

/** Relays of one name, in processes that are replaced when they die; each may be fated to die at a named point. */
export class RelayCrew {
  readonly #setup: CrewSetup
  readonly #relays: RelayProcess[] = []
  readonly #running: Promise<void>[]
  readonly #over: AbortController = new AbortController()
  // One for all lives: a listener for each would stay on the signal.
  readonly #isOver: Promise<unknown> = once(this.#over.signal, 'abort')
  #published = 0
  #reopened = 0
  readonly #halts: string[] = []

  constructor(setup: CrewSetup) {
    this.#setup = setup
    this.#running = Array.from({ length: setup.size }, (_, relay) => this.#replace(relay))
  }

  /** Batches that were confirmed. */
  get published(): number {
    return this.#published
  }

  /** Openings that followed an error. */
  get reopened(): number {
    return this.#reopened
  }

  /** Why relays have halted, or ended by themselves, which none of these faults is a reason for. */
  get halts(): readonly string[] {
    return this.#halts
  }

  /** A relay that may have ended this very moment. */
  pick(target: number): { readonly name: string; readonly relay: RelayProcess } {
    const index = target % this.#relays.length
    return { name: `relay ${index}`, relay: this.#relays[index] as RelayProcess }
  }

  /** Everything is sent that was committed before, by relays that no fault is planned for; then they stop in order. */
  async finish(drainMs: number): Promise<void> {
    this.#over.abort()
    // One of them has lived through the faults, and has to be able to go on.
    const [first, ...survivors] = this.#relays as [RelayProcess, ...RelayProcess[]]
    first.signal('SIGKILL')
    for (const relay of survivors) relay.signal('SIGCONT')
    await Promise.all(this.#running)
    const last = this.#start(0, { holdMs: 0 })
    await within(drainMs, 'draining', last.drain())
    await Promise.all(
      [last, ...survivors].map(async (relay) => {
        relay.signal('SIGCONT')
        if (relay.hasEnded) return
        const exit = await within(40_000, 'stopping a relay', relay.stop())
        // A fault of its own may still have struck on its way out.
        if (exit.code !== 0 && exit.signal !== 'SIGKILL') throw new Error(`a relay ended with ${exit.code}`)
      }),
    )
  }

  kill(): void {
    this.#over.abort()
    for (const relay of this.#relays) relay.signal('SIGKILL')
  }

  async #replace(index: number): Promise<void> {
    const { plan } = this.#setup
    let life = plan.firstLife(index)
    while (!this.#over.signal.aborted) {
      const relay = this.#start(index, life)
      await Promise.race([relay.exited, this.#isOver])
      if (relay.hasEnded) this.#noteEnd(index, relay, await relay.exited)
      life = plan.nextLife(index)
      await delay(50)
    }
  }

  #noteEnd(index: number, relay: RelayProcess, { code, signal }: Exit): void {
    this.#setup.history.note(`relay ${index} has ended by ${signal ?? code}`)
    // Nothing but a kill ends a relay.
    if (signal !== 'SIGKILL') this.#halts.push(`ended with ${code}: ${relay.history().slice(-2_000)}`)
  }

  #start(index: number, { fault, holdMs }: Life): RelayProcess {
    const { options, history } = this.#setup
    const fate = fault ? `, ${fault.signal} at ${fault.point} (${fault.occurrence})` : ''
    history.note(`relay ${index} starts${fate}`)
    const relay = new RelayProcess({ ...options, ...(fault && { fault }) }, 'relay-process', (message) =>
      this.#hear(index, message),
    )
    this.#relays[index] = relay
    if (fault) void this.#awaitFate(index, relay, { fault, holdMs })
    return relay
  }

  async #awaitFate(index: number, relay: RelayProcess, { fault, holdMs }: Required<Life>): Promise<void> {
    const { history } = this.#setup
    const reached = await relay.reached().then(
      () => true,
      () => false, // It was killed before it came there.
    )
    if (!reached) return
    const paused = fault.signal === 'SIGSTOP'
    const what = `relay ${index} at ${fault.point}${paused ? ` for ${holdMs} ms` : ''}`
    history.injected(paused ? 'relay paused at a point' : 'relay killed at a point', what)
    history.struck(fault.point)
    if (!paused) return
    await delay(holdMs)
    relay.signal('SIGCONT')
  }

  #hear(index: number, message: RelayProcessMessage): void {
    if (message.type !== 'event') return
    const { name, data } = message
    if (name === 'batch:published') this.#published += 1
    if (name === 'shard:reopening') this.#reopened += 1
    if (name === 'shard:changed') {
      this.#setup.history.note(`relay ${index} ${data.state} ${data.error ?? ''}`)
      if (data.state === 'halted') this.#halts.push(data.error ?? 'without an error')
    }
  }
}

/** `work`, or an error that names it after `ms`. */
async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const over = new AbortController()
  const late = delay(ms, undefined, { signal: over.signal }).then(
    () => Promise.reject(new Error(`${what} took more than ${ms} ms`)),
    () => new Promise<never>(() => undefined),
  )
  try {
    return await Promise.race([work, late])
  } finally {
    over.abort()
  }
}
