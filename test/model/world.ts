import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  adopt,
  type Clock,
  createRelay,
  isPigeonholeError,
  type MappedShard,
  type Relay,
  type RelayPublisher,
  type RelayShardStatus,
  type RelayStore,
  reshard,
} from '@pigeonhole/core'
import { CallGate, type Fate } from './call-gate.js'
import { type BrokerImage, ModelBroker } from './model-broker.js'
import { modelPublisher } from './model-publisher.js'
import { modelRelayStore } from './model-relay-store.js'
import { ModelServer, type ServerImage } from './model-server.js'
import { ModelProcess, Operation, RelayProcess } from './processes.js'
import { type Divergence, divergences, type History } from './steps.js'
import { VirtualTime } from './virtual-time.js'
import { Writers } from './writers.js'

/** The ports of one process. */
interface Ports {
  readonly store: RelayStore
  readonly publisher: RelayPublisher
  readonly clock: Clock
}

/** Longest time in milliseconds that a session may be idle in a transaction: below the lease. */
const idleInTransactionMs = 8_000

/** So many turns a process has to come to a call. */
const longestAdvance = 300

/** How a relay may halt at what an adoption has not brought to its end. */
const halfAdopted = ['RELAY_DATABASE_WENT_BACK', 'RELAY_KAFKA_WENT_BACK', 'RELAY_CHECKPOINT_LOST']

/** The servers, the relays and the writers of one history. */
export class World {
  readonly gate = new CallGate()
  readonly time = new VirtualTime()
  readonly broker = new ModelBroker()
  readonly writers = new Writers()
  /** What an operator has discarded. */
  readonly discarded = new Set<string>()
  /** What an operator may have discarded, who lost his connection to a server that went down. */
  readonly perhapsDiscarded = new Set<string>()
  /** What the log has lost, or another cluster has: nobody expects it in this one. */
  readonly elsewhere = new Set<string>()
  /** Of those, what the database knew to be sent. */
  readonly confirmedElsewhere = new Set<string>()
  /** What a command failed with that is no error of ours. */
  readonly surprises: string[] = []
  /** Whether an adoption has made both sides agree, and relays have been started since. */
  isAdopted = false
  /** Whether an operator was shown both sides after something had happened to one of them. */
  isToldOfLoss = false
  /** The shards as the database has them. */
  map: readonly MappedShard[] = []
  #server: ModelServer = new ModelServer()
  #operations: Operation[] = []
  #unwarrantedHalts: string[] = []
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

  get server(): ModelServer {
    return this.#server
  }

  get processes(): readonly RelayProcess[] {
    return this.#processes
  }

  /** The operator's commands that were not killed. */
  get operations(): readonly Operation[] {
    return this.#operations
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
    const refused = new Set([...this.broker.everRefused].map(keyOf))
    this.parkedForNothing.push(...parked.filter((id) => !refused.has(keyOf(id))))
  }

  /** The codes of halts that nothing warrants. */
  get unwarrantedHalts(): readonly string[] {
    return [...new Set(this.#unwarrantedHalts)]
  }

  /** Both sides agree: whoever halted before had its reason or not, and from now on nobody has one. */
  noteAdoption(): void {
    this.isAdopted = true
    this.halts.length = 0
    this.warranted.clear()
    for (const process of this.#processes) this.kill(process)
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
      if (state !== 'halted') return
      const code = isPigeonholeError(error) ? error.code : String(error)
      this.halts.push(code)
      if (!this.warranted.has(code)) this.#unwarrantedHalts.push(code)
    })
    void process.relay.start()
  }

  /** The database is copied into another system, where the outbox lives on: nobody is left at the original. */
  move(image: ServerImage): void {
    this.#end(this.#processes)
    this.#processes = []
    this.#server = new ModelServer(image)
    for (let relay = 0; relay < this.#history.relays; relay++) this.start(this.#server)
  }

  /** An operator divides the outbox anew. */
  reshard(shards: number): Operation {
    const { batchRows } = this.#history
    return this.#operate(async (ports) => {
      await reshard({ ...ports, name: 'model', shards, batchRows })
      return 'divided'
    })
  }

  /** An operator adopts the outbox, and says yes. */
  adopt(): Operation {
    if (this.warranted.size > 0) {
      this.isToldOfLoss = true
      for (const code of halfAdopted) this.warranted.add(code)
    }
    return this.#operate(async (ports) => {
      const { outcome } = await adopt({ ...ports, name: 'model', confirm: () => true, undecided: 'send' })
      if (outcome === 'adopted') this.#noteAgreement()
      return outcome
    })
  }

  // Whoever has seen both sides disagree has halted by now, unless another command is at them. One that knows the former
  // cluster's id only may still halt.
  #noteAgreement(): void {
    if (this.#operations.filter(({ outcome }) => outcome === undefined).length > 1) return
    for (const code of halfAdopted) this.warranted.delete(code)
  }

  /** SIGKILL of every operator's command. */
  killOperations(): void {
    this.#end(this.#operations)
    for (const operation of this.#operations) operation.server.disconnect(operation)
    this.#operations = []
  }

  #operate(run: (ports: Ports) => Promise<string>): Operation {
    const operation = new Operation(this.server)
    this.#operations.push(operation)
    run(this.#ports(this.server, operation)).then(
      (outcome) => {
        operation.outcome = outcome
      },
      (error: unknown) => {
        operation.outcome = isPigeonholeError(error) ? error.code : String(error)
        if (error instanceof TypeError || error instanceof RangeError) this.surprises.push(String(error))
      },
    )
    return operation
  }

  #ports(server: ModelServer, process: object): Ports {
    const { gate, time, broker } = this
    return {
      store: modelRelayStore({
        server,
        gate,
        process,
        now: () => time.now,
        looksInVain: this.#history.looksInVain ?? false,
      }),
      publisher: modelPublisher(broker, gate, process),
      clock: { now: () => time.now, sleep: (ms, signal) => time.sleep(process, ms, signal) },
    }
  }

  #createRelay(server: ModelServer, process: RelayProcess): Relay {
    return createRelay({
      ...this.#ports(server, process),
      name: 'model',
      shards: this.shards,
      batchRows: this.#history.batchRows,
      idlePollMs: this.#history.idlePollMs ?? 2_000,
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
    this.#end([...this.#processes, ...this.#operations])
  }

  #end(processes: readonly object[]): void {
    for (const process of processes) {
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

  /**
   * Lets the calls of one process through, and those of others only while it waits for them or for time, until it is about to
   * make the call `until`.
   */
  async advance(process: ModelProcess, until: string): Promise<void> {
    for (let turn = 0; turn < longestAdvance; turn++) {
      if (process instanceof Operation && process.outcome !== undefined) return
      const own = this.gate.waiting.filter((call) => call.process === process)
      if (own.some(({ name }) => name.startsWith(until))) return
      if (own[0]) {
        this.gate.pass(own[0], 'done')
        await nextTurn()
      } else if (!(await this.pass(0, 'done'))) await this.passTimeToNextSleep()
    }
  }

  /** Lets the call of one process through that it is about to make. */
  async letThrough(process: ModelProcess, call: string): Promise<void> {
    const own = this.gate.waiting.find(
      ({ name, process: whose }) => whose === process && name.startsWith(call),
    )
    if (own) this.gate.pass(own, 'done')
    await nextTurn()
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

  /** The shard that owns a message's bucket; undefined where none does. */
  shardOf(id: string): number | undefined {
    const bucket = this.writers.bucketOf(id)
    const owner = this.map.find(
      ({ buckets }) => buckets !== null && bucket >= buckets.first && bucket <= buckets.last,
    )
    return owner?.shard
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
    return !(process instanceof ModelProcess && process.isPaused)
  }
}
