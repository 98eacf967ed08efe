import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { RelayProcess } from '../relay/relay-process-handle.js'
import type { RelayProcessMessage, RelayProcessOptions } from '../relay/relay-process-protocol.js'
import { startFated } from './fated-process.js'
import type { History } from './history.js'
import type { Plan } from './plan.js'
import { within } from './within.js'

/** What a {@link ConsumerCrew} is made from. */
export interface ConsumerCrewSetup {
  readonly options: Omit<RelayProcessOptions, 'fault' | 'handles'>
  readonly topics: readonly string[]
  /** What their handlers publish to. */
  readonly publishes: string
  readonly size: number
  readonly plan: Plan
  readonly history: History
}

/** Members of one group, in processes that are replaced when they end; each may be fated to die at a named point. */
export class ConsumerCrew {
  readonly #setup: ConsumerCrewSetup
  readonly #members: RelayProcess[] = []
  readonly #running: Promise<void>[]
  readonly #over: AbortController = new AbortController()
  readonly #isOver: Promise<unknown> = once(this.#over.signal, 'abort')
  readonly #counts = new Map<string, number>()
  readonly #halts: string[] = []
  #lives = 0

  constructor(setup: ConsumerCrewSetup) {
    this.#setup = setup
    this.#running = Array.from({ length: setup.size }, (_, index) => this.#replace(index))
  }

  /** Members that have ended by themselves. */
  get halts(): readonly string[] {
    return this.#halts
  }

  /** How many processes there were. */
  get lives(): number {
    return this.#lives
  }

  /** How often the members have told of an event. */
  countOf(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  /** A member that may have ended this very moment. */
  pick(target: number): { readonly name: string; readonly member: RelayProcess } {
    const index = target % this.#members.length
    return { name: `consumer ${index}`, member: this.#members[index] as RelayProcess }
  }

  /** No member is replaced or struck any more; those that have lived through the faults go on, and one that is new. */
  async settle(): Promise<void> {
    this.#over.abort()
    const [first, ...survivors] = this.#members as [RelayProcess, ...RelayProcess[]]
    first.signal('SIGKILL')
    for (const member of survivors) member.signal('SIGCONT')
    await Promise.all(this.#running)
    this.#start(0, false)
  }

  /** All members stop in order. */
  async stop(): Promise<void> {
    const stopping = this.#members.map(async (member, index) => {
      member.signal('SIGCONT')
      if (member.hasEnded) return
      const { code, signal } = await within(60_000, 'stopping a consumer', member.stop())
      // A fault of its own may still have struck on its way out.
      if (code !== 0 && signal !== 'SIGKILL') this.#noteEnd(index, member, String(code))
    })
    await Promise.all(stopping)
  }

  kill(): void {
    this.#over.abort()
    for (const member of this.#members) member.signal('SIGKILL')
  }

  async #replace(index: number): Promise<void> {
    while (!this.#over.signal.aborted) {
      const member = this.#start(index, true)
      await Promise.race([member.exited, this.#isOver])
      if (member.hasEnded) {
        const { code, signal } = await member.exited
        this.#setup.history.note(`consumer ${index} has ended by ${signal ?? code}`)
        // It was killed, or told to leave.
        if (signal !== 'SIGKILL' && code !== 0) this.#noteEnd(index, member, String(signal ?? code))
      }
      await delay(50)
    }
  }

  #noteEnd(index: number, member: RelayProcess, how: string): void {
    this.#halts.push(`consumer ${index} ended with ${how}: ${member.history().slice(-2_000)}`)
  }

  // Members handle in groups of different sizes, and every third with care.
  #start(index: number, isFated: boolean): RelayProcess {
    const { options, topics, publishes, plan, history } = this.#setup
    const fate = isFated ? plan.nextLife('consumer') : undefined
    const handles = { topics, publishes, group: index % 2 === 0 ? 1 : 20, carefully: this.#lives % 3 === 2 }
    this.#lives += 1
    const member = startFated({
      name: `consumer ${index}`,
      occasion: 'consumer',
      options: { ...options, handles },
      fate,
      plan,
      history,
      hear: (message) => this.#hear(index, message),
    })
    this.#members[index] = member
    return member
  }

  #hear(index: number, message: RelayProcessMessage): void {
    if (message.type !== 'event') return
    const { name, data } = message
    this.#counts.set(name, this.countOf(name) + 1)
    this.#setup.history.note(`consumer ${index} ${name} ${data.error ?? ''}`)
  }
}
