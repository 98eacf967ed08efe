import { type CapturedRow, type Checkpoint, PigeonholeError } from '@pigeonhole/core'

/** A transaction as the coordinator knows it. `prepared`: decided to commit, and its markers are not written yet. */
interface BrokerTransaction {
  readonly shard: number
  /** Of the batch; undefined: of a session. */
  readonly number: number | undefined
  state: 'ongoing' | 'prepared' | 'committed' | 'aborted'
}

interface CheckpointRecord {
  readonly transaction: BrokerTransaction
  readonly checkpoint: Checkpoint | 'session'
}

interface DataRecord {
  readonly transaction: BrokerTransaction
  readonly row: CapturedRow
}

/** A message that is in the log, with the batch that it came in. */
export interface BrokerMessage {
  readonly id: string
  readonly shard: number
  readonly batch: number
}

interface Coordinator {
  epoch: number
  transaction: BrokerTransaction | undefined
}

/** What the broker had at one moment. */
export interface BrokerImage {
  readonly data: readonly DataRecord[]
  readonly checkpoints: ReadonlyMap<number, readonly CheckpointRecord[]>
}

/**
 * Kafka as a relay sees it: a coordinator that fences by epoch, settles a predecessor's transaction, and decides before
 * its markers are written; partitions whose end stands at the first transaction without a marker; a compacted checkpoint
 * topic.
 */
export class ModelBroker {
  clusterId = 'cluster'
  hasTopic = false
  readonly #coordinators = new Map<number, Coordinator>()
  #data: DataRecord[] = []
  #checkpoints = new Map<number, CheckpointRecord[]>()
  /** Ids of messages that the broker refuses. */
  readonly refused = new Set<string>()
  /** Ids of messages that it has ever refused. */
  readonly everRefused = new Set<string>()

  /** The messages that a read_committed consumer sees by now, in the order of the log. */
  get log(): readonly CapturedRow[] {
    const end = this.#data.findIndex(({ transaction }) => !isSettled(transaction))
    const stable = end === -1 ? this.#data : this.#data.slice(0, end)
    return stable.filter(({ transaction }) => transaction.state === 'committed').map(({ row }) => row)
  }

  /** InitProducerId: whoever was there is fenced, and its transaction is settled. */
  fence(shard: number): number {
    const coordinator = this.#coordinator(shard)
    this.#settle(coordinator)
    coordinator.epoch += 1
    return coordinator.epoch
  }

  /** The session record, and the last checkpoint before it. */
  readCheckpoint(shard: number, epoch: number): Checkpoint | undefined {
    this.begin(shard, epoch, 'session')
    this.commit(shard, epoch)
    this.writeMarkers()
    const records = this.#partition(shard)
    const end = records.findIndex(({ transaction }) => !isSettled(transaction))
    const stable = end === -1 ? records : records.slice(0, end)
    const found = stable
      .filter(isCommitted)
      .findLast(({ checkpoint }) => checkpoint !== 'session')?.checkpoint
    return found === 'session' ? undefined : found
  }

  /** Whether a checkpoint that was committed once is still there. */
  holds(shard: number, { token }: Checkpoint): boolean {
    return this.#partition(shard).some(
      ({ checkpoint }) => checkpoint !== 'session' && checkpoint.token === token,
    )
  }

  begin(shard: number, epoch: number, checkpoint: Checkpoint | 'session'): void {
    const coordinator = this.#owned(shard, epoch)
    if (!this.hasTopic) throw fenced('the checkpoint topic is gone')
    // CONCURRENT_TRANSACTIONS until the markers of the last one are there.
    if (coordinator.transaction?.state === 'prepared') coordinator.transaction.state = 'committed'
    if (coordinator.transaction?.state === 'ongoing') throw fenced('a transaction is open')
    const number = checkpoint === 'session' ? undefined : checkpoint.number
    const transaction: BrokerTransaction = { shard, number, state: 'ongoing' }
    coordinator.transaction = transaction
    this.#partition(shard).push({ transaction, checkpoint })
  }

  send(shard: number, epoch: number, rows: readonly CapturedRow[]): void {
    const transaction = this.#ongoing(shard, epoch)
    for (const id of this.refused) this.everRefused.add(id)
    const refused = rows.find(({ id }) => this.refused.has(id))
    if (refused) throw recordRefused(refused)
    for (const row of rows) this.#data.push({ transaction, row })
  }

  /** The coordinator's decision. */
  commit(shard: number, epoch: number): void {
    this.#ongoing(shard, epoch).state = 'prepared'
  }

  writeMarkers(): void {
    for (const { transaction } of this.#coordinators.values())
      if (transaction?.state === 'prepared') transaction.state = 'committed'
  }

  /** The coordinator gives up transactions that take too long, and fences their producers. */
  timeOut(): void {
    for (const coordinator of this.#coordinators.values()) {
      if (coordinator.transaction?.state !== 'ongoing') continue
      coordinator.transaction.state = 'aborted'
      coordinator.epoch += 1
    }
  }

  /** Keeps the last committed record of each key, as the cleaner does. */
  compact(): void {
    for (const [shard, records] of this.#checkpoints) {
      const settled = records.filter(({ transaction }) => transaction.state === 'committed')
      const last = settled.findLast(({ checkpoint }) => checkpoint !== 'session')
      const open = records.filter(({ transaction }) => !isSettled(transaction))
      this.#checkpoints.set(shard, [...(last ? [last] : []), ...open])
    }
  }

  image(): BrokerImage {
    const checkpoints = [...this.#checkpoints].map(
      ([shard, records]) => [shard, records.filter(isCommitted)] as const,
    )
    return { data: this.#data.filter(isCommitted), checkpoints: new Map(checkpoints) }
  }

  /** The cluster has lost what came behind `image`, and its producers have to begin again. Returns the ids that are gone. */
  restore({ data, checkpoints }: BrokerImage): readonly string[] {
    this.#abortOpen()
    const kept = new Set(data.map(({ row }) => row.id))
    const gone = this.log.map(({ id }) => id).filter((id) => !kept.has(id))
    for (const coordinator of this.#coordinators.values()) coordinator.epoch += 1
    this.#data = [...data]
    this.#checkpoints = new Map([...checkpoints].map(([shard, records]) => [shard, [...records]]))
    return gone
  }

  loseCheckpointTopic(): void {
    this.#abortOpen()
    this.#checkpoints.clear()
    this.hasTopic = false
  }

  /** Returns what the former cluster had. */
  becomeAnother(): readonly BrokerMessage[] {
    this.loseCheckpointTopic()
    const former = this.#data.filter(isCommitted).map(({ row, transaction }) => {
      return { id: row.id, shard: transaction.shard, batch: transaction.number ?? 0 }
    })
    // No producer of the other cluster is known here.
    for (const coordinator of this.#coordinators.values()) coordinator.epoch += 1
    this.#data = []
    this.clusterId = 'another cluster'
    return former
  }

  /** Whether a message is in the log. @throws where a transaction is open whose end decides. */
  holdsMessage(id: string): boolean {
    this.writeMarkers()
    const found = this.#data.filter(({ row }) => row.id === id)
    if (found.some(({ transaction }) => transaction.state === 'ongoing'))
      throw fenced('a transaction is open')
    return found.some(isCommitted)
  }

  #abortOpen(): void {
    this.timeOut()
    this.writeMarkers()
  }

  // What was decided stays so, and its markers may still be on their way.
  #settle({ transaction }: Coordinator): void {
    if (transaction?.state === 'ongoing') transaction.state = 'aborted'
  }

  #ongoing(shard: number, epoch: number): BrokerTransaction {
    const { transaction } = this.#owned(shard, epoch)
    if (transaction?.state !== 'ongoing') throw fenced('no transaction is open')
    return transaction
  }

  #owned(shard: number, epoch: number): Coordinator {
    const coordinator = this.#coordinator(shard)
    if (coordinator.epoch !== epoch) throw fenced(`epoch ${epoch} is older than ${coordinator.epoch}`)
    return coordinator
  }

  #coordinator(shard: number): Coordinator {
    const known = this.#coordinators.get(shard) ?? { epoch: 0, transaction: undefined }
    this.#coordinators.set(shard, known)
    return known
  }

  #partition(shard: number): CheckpointRecord[] {
    const known = this.#checkpoints.get(shard) ?? []
    this.#checkpoints.set(shard, known)
    return known
  }
}

function isCommitted({ transaction }: { readonly transaction: BrokerTransaction }): boolean {
  return transaction.state === 'committed'
}

function isSettled({ state }: BrokerTransaction): boolean {
  return state === 'committed' || state === 'aborted'
}

function fenced(why: string): PigeonholeError<'BROKER_UNAVAILABLE'> {
  return new PigeonholeError('BROKER_UNAVAILABLE', { message: why, details: {}, retryable: true })
}

function recordRefused({ topic, id }: CapturedRow): PigeonholeError {
  const details = { topic, keyHash: 'hash', reason: 'the model says so' }
  return new PigeonholeError('RECORD_REFUSED', { message: `message ${id} is refused`, details })
}
