import { randomUUID } from 'node:crypto'
import { PigeonholeError } from '../../errors/pigeonhole-error.js'
import type { Checkpoint, ShardProducer } from '../../ports/relay-publisher.js'
import {
  type GuardedTransaction,
  originCursor,
  type RelayBatch,
  type ShardFacts,
} from '../../ports/relay-store.js'
import type { ResolvedAdoptOptions } from './adopt-options.js'
import type { AdoptionShard } from './adoption-report.js'
import {
  describeShard,
  type Identities,
  isCopied,
  isSameLog,
  type KafkaSide,
  keptCheckpoint,
  nextNumber,
  readKafka,
  recordedCursor,
} from './both-sides.js'
import { ForcedLease } from './forced-lease.js'
import { type SettledOutbox, settleOutbox } from './outbox-fate.js'

/** Where an adoption stands when it comes to a shard. */
export interface ShardScene {
  readonly options: ResolvedAdoptOptions
  readonly identities: Identities
  readonly shard: number
  /** How many partitions the checkpoint topic needs. */
  readonly shards: number
}

const lotRows = 5_000

/** One shard whose lease is held and whose producers are fenced, from the look at both sides to its new first batch. */
export class ShardAdoption {
  readonly #scene: ShardScene
  readonly #lease: ForcedLease
  readonly #kafka: KafkaSide
  readonly #facts: ShardFacts

  private constructor(scene: ShardScene, lease: ForcedLease, sides: [KafkaSide, ShardFacts]) {
    this.#scene = scene
    this.#lease = lease
    ;[this.#kafka, this.#facts] = sides
  }

  /** Takes the lease, fences every producer, and reads both sides. */
  static async open(scene: ShardScene): Promise<ShardAdoption> {
    const { options, identities, shard } = scene
    const { store, publisher, clock } = options
    const lease = await ForcedLease.take(store, clock, shard)
    try {
      const kafka = await readKafka({ ...identities, ...scene, publisher })
      const guard = { shard, token: lease.token, confirmed: 0 }
      const facts = await store
        .guarded(guard, (tx) => tx.readFacts())
        .catch(async (error: unknown) => {
          await kafka.producer?.close()
          throw error
        })
      return new ShardAdoption(scene, lease, [kafka, facts])
    } catch (error) {
      await lease.release()
      throw error
    }
  }

  /** Kafka's last checkpoint under the relay's name. */
  get checkpoint(): Checkpoint | undefined {
    return this.#kafka.checkpoint
  }

  /**
   * Both sides, and what would become of the messages.
   * @throws with `keepCursor`, the code of what else has changed than the identity.
   */
  async describe(): Promise<AdoptionShard> {
    const described = describeShard(this.#sides)
    if (described.divergence === null) return { ...described, outbox: null }
    if (this.#scene.options.keepCursor) {
      keptCheckpoint(this.#sides, this.#kafka)
      return { ...described, outbox: null }
    }
    return { ...described, outbox: (await this.#settle()).fate }
  }

  /**
   * Leaves in the outbox what was never sent, and gives both sides a new first batch, without messages, numbered above
   * all that either has heard of. Killed half-way, it leaves sides that disagree, and is run again.
   */
  async adopt(): Promise<number> {
    const { sent, parkedSent, fate } = await this.#settle()
    if (fate.undecided > 0 && this.#scene.options.undecided === undefined)
      throw this.#undecided(fate.undecided)
    for (const seqs of lotsOf(sent)) await this.#guarded((tx) => tx.deleteMessages(seqs))
    for (const ids of lotsOf(parkedSent)) await this.#guarded((tx) => tx.deleteParkedOut(ids))
    const number = nextNumber(this.#facts, this.#kafka)
    const batch = await this.#guarded(async (tx) => {
      // Before the renumbering, which would leave out what is committed between the two; and in its transaction, or a crash
      // between the two could take back transactions that the snapshot counts as ended, and give their ids out again.
      const from = await tx.readSnapshot()
      await tx.renumberMessages()
      return replaceBatches(tx, number, from)
    })
    await commit(this.#producer, batch)
    await this.#guarded(async () => undefined, number)
    return number
  }

  /** Lets the relay of the new identity go on at the last checkpoint. */
  async keep(): Promise<number> {
    const kept = keptCheckpoint(this.#sides, this.#kafka)
    if (kept && !this.#kafka.checkpoint) await commit(this.#producer, kept)
    return kept?.number ?? 0
  }

  /** Records the identity as found: the last step, so that until then every relay halts. */
  async writeIdentity(): Promise<void> {
    await this.#guarded((tx) => tx.writeIdentity(this.#scene.identities.found))
  }

  /** Gives up the lease and the producer. Never rejects. */
  async close(): Promise<void> {
    await this.#kafka.producer?.close()
    await this.#lease.release()
  }

  // The log was compacted since both sides were shown.
  #undecided(count: number): PigeonholeError<'OPTION_INVALID'> {
    return new PigeonholeError('OPTION_INVALID', {
      message: `Option undecided is missing, and of ${count} messages nobody can tell whether they were sent. Look at both sides again`,
      details: { option: 'undecided' },
    })
  }

  get #sides() {
    const { shard, identities } = this.#scene
    return { shard, identity: identities.found, facts: this.#facts, checkpoint: this.#kafka.checkpoint }
  }

  get #producer(): ShardProducer {
    const { producer } = this.#kafka
    if (producer) return producer
    throw new PigeonholeError('CHECKPOINT_UNREADABLE', {
      message: `The checkpoint topic of shard ${this.#scene.shard} has gone while it was adopted: run pigeonhole adopt again`,
      details: { shard: this.#scene.shard },
    })
  }

  #settle(): Promise<SettledOutbox> {
    const { options, identities } = this.#scene
    return settleOutbox({
      publisher: options.publisher,
      guarded: (work) => this.#guarded(work),
      cursor: recordedCursor(this.#facts, this.#kafka),
      copied: isCopied(identities, this.#facts),
      sameLog: isSameLog(identities),
      undecided: options.undecided,
    })
  }

  #guarded<R>(work: (tx: GuardedTransaction) => Promise<R>, confirmed = 0): Promise<R> {
    const { options, shard } = this.#scene
    return options.store.guarded({ shard, token: this.#lease.token, confirmed }, work)
  }
}

async function replaceBatches(tx: GuardedTransaction, number: number, from: string): Promise<RelayBatch> {
  const batch = { number, token: randomUUID(), parent: null, cursor: { ...originCursor, from } }
  await tx.replaceBatches(batch)
  return batch
}

async function commit(producer: ShardProducer, { number, token }: Checkpoint): Promise<void> {
  await producer.begin({ number, token })
  await producer.commit()
}

function lotsOf<T>(all: readonly T[]): T[][] {
  const lots: T[][] = []
  for (let start = 0; start < all.length; start += lotRows) lots.push(all.slice(start, start + lotRows))
  return lots
}
