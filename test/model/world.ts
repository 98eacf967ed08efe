import { setImmediate as nextTurn } from 'node:timers/promises'
import { createRelay, isPigeonholeError, type Relay, type RelayShardStatus } from '@pigeonhole/core'
import { CallGate, type Fate } from './call-gate.js'
import { type BrokerImage, ModelBroker } from './model-broker.js'
import { modelPublisher } from './model-publisher.js'
import { modelRelayStore } from './model-relay-store.js'
import { ModelServer, type ServerImage } from './model-server.js'
import { type Divergence, divergences, type History } from './steps.js'
import { VirtualTime } from './virtual-time.js'
import { Writers } from './writers.js'

/** A relay's process. */
export class RelayProcess {
  readonly relay: Relay
  readonly server: ModelServer
  #isPaused = false

  constructor(server: ModelServer, create: (process: RelayProcess) => Relay) {
    this.server = server
    this.relay = create(this)
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** SIGSTOP. */
  pause(): void {
    this.#isPaused = true
  }

  /** SIGCONT. */
  resume(): void {
    this.#isPaused = false
  }
}

/** Longest time in milliseconds that a session may be idle in a transaction: below the lease. */
const idleInTransactionMs = 8_000

/** The servers, the relays and the writers of one history. */
export class World {
  readonly gate = new CallGate()
  readonly time = new VirtualTime()
  readonly broker = new ModelBroker()
  readonly writers = new Writers()
  readonly server: ModelServer = new ModelServer()
  /** Messages that were parked although nothing of their key had been refused. */
  readonly parkedForNothing: string[] = []
  /** The code of each halt. */
  readonly halts: string[] = []
  /** The codes of halts that are right by now. */
  readonly warranted = new Set<string>()
  #backup: ServerImage = this.server.image()
  #oldLog: BrokerImage = this.broker.image()
  clone: ModelServer | undefined
  readonly #history: History
  #processes: RelayProcess[] = []

  constructor(history: History) {
    this.#history = history
    for (let relay = 0; relay < history.relays; relay++) this.start(this.server)
  }

  get processes(): readonly RelayProcess[] {
    return this.#processes
  }

  get backup(): ServerImage {
    return this.#backup
  }

  get oldLog(): BrokerImage {
    return this.#oldLog
  }

  backUp(): void {
    this.#backup = this.server.image()
  }

  rememberLog(): void {
    this.#oldLog = this.broker.image()
  }

  get servers(): readonly ModelServer[] {
    return this.clone ? [this.server, this.clone] : [this.server]
  }

  get shards(): number {
    return this.#history.shards
  }

  /** Holds what is parked to what the broker has refused. */
  notePark(parked: readonly string[]): void {
    const keyOf = (id: string): number | undefined => this.writers.messages.get(id)?.key
    const refused = new Set([...this.broker.refused].map(keyOf))
    this.parkedForNothing.push(...parked.filter((id) => !refused.has(keyOf(id))))
  }

  /** Some fault happens, after which a relay may have to halt. */
  warrant(fault: Divergence): void {
    for (const code of divergences[fault]) this.warranted.add(code)
  }

  /** A second server with what the first one has, and a relay that works on it. */
  startClone(image: ServerImage): ModelServer {
    const clone = new ModelServer(image)
    this.clone = clone
    this.start(clone)
    return clone
  }

  start(server: ModelServer): void {
    const process = new RelayProcess(server, (identity) => this.#createRelay(server, identity))
    this.#processes.push(process)
    process.relay.on('shard:changed', ({ state, error }) => {
      if (state === 'halted') this.halts.push(isPigeonholeError(error) ? error.code : String(error))
    })
    void process.relay.start()
  }

  #createRelay(server: ModelServer, process: RelayProcess): Relay {
    const { gate, time, broker } = this
    return createRelay({
      name: 'model',
      store: modelRelayStore({ server, gate, process, now: () => time.now }),
      publisher: modelPublisher(broker, gate, process),
      clock: { now: () => time.now, sleep: (ms, signal) => time.sleep(process, ms, signal) },
      shards: this.shards,
      batchRows: this.#history.batchRows,
      idlePollMs: 2_000,
      pollMs: 500,
      backoff: { initialMs: 100, maxMs: 1_000 },
    })
  }

  /** SIGKILL, and a new process in its place. */
  kill(process: RelayProcess): void {
    this.gate.kill(process)
    this.time.forget(process)
    process.server.disconnect(process)
    this.#processes = this.#processes.filter((other) => other !== process)
    this.start(process.server)
  }

  /** Ends the history: nothing of it runs on. */
  end(): void {
    for (const process of this.#processes) {
      this.gate.kill(process)
      this.time.forget(process)
    }
  }

  /** Lets one waiting call through. Resolves to false when there is none. */
  async pass(choice: number, fate: Fate): Promise<boolean> {
    const awake = this.gate.waiting.filter(({ process }) => this.#isAwake(process))
    const call = awake[choice % Math.max(1, awake.length)]
    if (!call) return false
    this.gate.pass(call, fate)
    await nextTurn()
    return true
  }

  /** Lets time pass, and waits for no call. */
  async passTime(ms: number): Promise<void> {
    const until = this.time.now + ms
    while (this.time.now < until) {
      this.time.advance(until - this.time.now, (process) => this.#isAwake(process))
      this.#endIdle()
      await nextTurn()
    }
  }

  /** Goes on to the next sleep that ends. */
  async passTimeToNextSleep(): Promise<void> {
    this.time.advance(60_000, (process) => this.#isAwake(process))
    this.#endIdle()
    await nextTurn()
  }

  /** The state of a shard in each process of the original. */
  statesOf(shard: number): (RelayShardStatus | undefined)[] {
    const own = this.#processes.filter(({ server }) => server === this.server)
    return own.map(({ relay }) => relay.shards.find((one) => one.shard === shard))
  }

  #endIdle(): void {
    for (const server of this.servers) server.endIdle(this.time.now, idleInTransactionMs)
  }

  #isAwake(process: object): boolean {
    return !(process instanceof RelayProcess && process.isPaused)
  }
}
