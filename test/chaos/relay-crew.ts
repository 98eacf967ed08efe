import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Exit, RelayProcess } from '../relay/relay-process-handle.js'
import type { RelayProcessMessage, RelayProcessOptions } from '../relay/relay-process-protocol.js'
import { startFated } from './fated-process.js'
import type { History } from './history.js'
import type { Fate, Plan } from './plan.js'
import type { Occasion } from './strikes.js'
import { happens, within } from './within.js'

/** What a {@link RelayCrew} is made from. */
export interface CrewSetup {
  readonly options: Omit<RelayProcessOptions, 'fault'>
  readonly size: number
  readonly plan: Plan
  readonly history: History
}

type Told = Extract<RelayProcessMessage, { type: 'event' }>

/** Relays of one name, in processes that are replaced when they die; each may be fated to die at a named point. */
export class RelayCrew {
  readonly #setup: CrewSetup
  readonly #relays: RelayProcess[] = []
  readonly #running: Promise<void>[]
  readonly #over: AbortController = new AbortController()
  // One for all lives: a listener for each would stay on the signal.
  readonly #isOver: Promise<unknown> = once(this.#over.signal, 'abort')
  readonly #listeners = new Set<(event: Told) => void>()
  readonly #counts = new Map<string, number>()
  readonly #halts: string[] = []

  constructor(setup: CrewSetup) {
    this.#setup = setup
    this.#running = Array.from({ length: setup.size }, (_, relay) => this.#replace(relay))
  }

  /** Batches that were confirmed. */
  get published(): number {
    return this.countOf('batch:published')
  }

  /** How often the relays have told of an event. */
  countOf(name: string): number {
    return this.#counts.get(name) ?? 0
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

  /** Whether a relay tells of such an event within `ms`. */
  async hears(matches: (event: Told) => boolean, ms: number, over: AbortSignal): Promise<boolean> {
    let listener: (event: Told) => void = () => undefined
    const heard = new Promise<void>((resolve) => {
      listener = (event) => matches(event) && resolve()
    })
    this.#listeners.add(listener)
    try {
      return await happens(heard, ms, over)
    } finally {
      this.#listeners.delete(listener)
    }
  }

  /** To all relays that run. */
  signal(signal: NodeJS.Signals): void {
    for (const relay of this.#relays) relay.signal(signal)
  }

  /** No relay is replaced or struck any more; one that has lived through the faults goes on, and one that is new. */
  async settle(): Promise<void> {
    this.#over.abort()
    const [first, ...survivors] = this.#relays as [RelayProcess, ...RelayProcess[]]
    first.signal('SIGKILL')
    for (const relay of survivors) relay.signal('SIGCONT')
    await Promise.all(this.#running)
    this.#start(0, 'relay', undefined)
  }

  /** Resolves when everything is sent that was committed before, but what is parked. */
  async drain(ms: number): Promise<void> {
    await within(ms, 'draining', (this.#relays[0] as RelayProcess).drain())
  }

  /** All relays stop in order. */
  async stop(): Promise<void> {
    const stopping = this.#relays.map(async (relay) => {
      relay.signal('SIGCONT')
      if (relay.hasEnded) return
      const exit = await within(60_000, 'stopping a relay', relay.stop())
      // A fault of its own may still have struck on its way out.
      if (exit.code !== 0 && exit.signal !== 'SIGKILL')
        throw new Error(`a relay ended with ${exit.code}: ${relay.history().slice(-3_000)}`)
    })
    await Promise.all(stopping)
  }

  kill(): void {
    this.#over.abort()
    for (const relay of this.#relays) relay.signal('SIGKILL')
  }

  async #replace(index: number): Promise<void> {
    const { plan } = this.#setup
    let life: [Occasion, Fate | undefined] = ['first opening', plan.nextFate('first opening')]
    while (!this.#over.signal.aborted) {
      const relay = this.#start(index, ...life)
      await Promise.race([relay.exited, this.#isOver])
      if (relay.hasEnded) this.#noteEnd(index, relay, await relay.exited)
      life = ['relay', plan.nextLife()]
      await delay(50)
    }
  }

  #noteEnd(index: number, relay: RelayProcess, { code, signal }: Exit): void {
    this.#setup.history.note(`relay ${index} has ended by ${signal ?? code}`)
    // Nothing but a kill ends a relay.
    if (signal !== 'SIGKILL') this.#halts.push(`ended with ${code}: ${relay.history().slice(-2_000)}`)
  }

  #start(index: number, occasion: Occasion, fate: Fate | undefined): RelayProcess {
    const { options, plan, history } = this.#setup
    const hear = (message: RelayProcessMessage): void => this.#hear(index, message)
    const relay = startFated({ name: `relay ${index}`, occasion, options, fate, plan, history, hear })
    this.#relays[index] = relay
    return relay
  }

  #hear(index: number, message: RelayProcessMessage): void {
    if (message.type !== 'event') return
    const { name, data } = message
    this.#counts.set(name, this.countOf(name) + 1)
    for (const listener of this.#listeners) listener(message)
    if (name !== 'shard:changed') return
    this.#setup.history.note(`relay ${index} ${data.state} ${data.error ?? ''}`)
    if (data.state === 'halted') this.#halts.push(data.error ?? 'without an error')
  }
}
