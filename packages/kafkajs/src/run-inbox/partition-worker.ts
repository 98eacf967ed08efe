import { type AnyBinding, backoffDelay, type Emitter, type Inbox, isMessageFault } from '@pigeonhole/core'
import type { KafkaMessage } from 'kafkajs'
import { CarefulMode } from './careful-mode.js'
import { deliveryOf } from './delivery-of.js'
import type { Feed } from './group-feed.js'
import { handlings } from './handling-lock.js'
import type { FetchedBatch } from './kafkajs-runner.js'
import type { OffsetCommitter } from './offset-committer.js'
import { PartitionCursor, type Standing } from './partition-cursor.js'
import { messageKillsProcess, positionNotInLog } from './partition-errors.js'
import type { InboxRunEvents, PartitionPlace } from './run-inbox-events.js'
import type { ResolvedRunInboxOptions } from './run-inbox-options.js'
import type { Slots } from './slots.js'
import type { Turn } from './turn.js'

/** So many batches in a row may come from elsewhere, because they were on their way already. */
const toleratedMisses = 2

/** What the partitions of a run share. */
export interface RunContext<Tx> {
  readonly inbox: Inbox<Tx>
  readonly options: ResolvedRunInboxOptions<Tx>
  readonly slots: Slots
  readonly events: Emitter<InboxRunEvents>
  readonly offsets: Pick<OffsetCommitter, 'note' | 'forget' | 'flush'>
}

/** What a {@link PartitionWorker} is made from. */
export interface WorkerSetup<Tx> {
  readonly place: PartitionPlace
  readonly context: RunContext<Tx>
  readonly binding: AnyBinding<Tx>
  readonly feed: Pick<Feed, 'startingOffset' | 'committedOffset' | 'logStart' | 'topicId'>
  /** Aborts when nothing more may be begun. */
  readonly closing: AbortSignal
  /** Aborts when what is under way is to be given up. */
  readonly givingUp: AbortSignal
  /** Lets kafkajs go on without this partition. */
  readonly stepAside: () => void
}

/** How often the first message of a group has failed, by its own fault. */
interface Failures {
  counted: number
}

/** Resolves to whether it did what it is for; rejects to be made again. */
type Attempt = (number: number) => Promise<boolean>

/**
 * Handles the messages of one partition, each until it is done: what fails is tried again, and holds those behind it. What has
 * failed too often is parked, and those behind it go on.
 */
export class PartitionWorker<Tx> {
  readonly #setup: WorkerSetup<Tx>
  readonly #cursor: PartitionCursor
  readonly #care: CarefulMode
  /** The last offset of a batch that has failed too often. */
  #suspectUntil = -1n

  constructor(setup: WorkerSetup<Tx>) {
    this.#setup = setup
    const { inbox, options } = setup.context
    this.#cursor = new PartitionCursor(setup.place, { inbox, feed: setup.feed, clock: options.clock })
    this.#care = new CarefulMode({
      inbox,
      offsets: setup.context.offsets,
      group: setup.binding.group,
      attempts: options.attempts,
      began: (position, count) => setup.context.events.emit('partition:careful', { ...position, ...count }),
    })
  }

  /** The offset to be fetched next; undefined while it is not known. */
  get next(): bigint | undefined {
    return this.#cursor.next
  }

  /** Where a batch that is at hand now was fetched. */
  get standing(): Standing {
    return this.#cursor.standing
  }

  /** Another member may have had the partition meanwhile. */
  doubt(): void {
    this.#cursor.doubt()
  }

  /** Finds out where the partition goes on, however long that takes. */
  async claim(): Promise<void> {
    await this.#persist(() => this.#locate())
  }

  /**
   * Handles a batch that came to hand at `standing`, unless it is not the one that comes next. What is left of it is to be fetched again:
   * all of it where another topic was found since.
   */
  async handle(batch: FetchedBatch, { topics }: Standing, turn: Turn): Promise<void> {
    if (!(await this.#persist(() => this.#locateAnew()))) return
    if (!this.#cursor.isOfTopic(topics)) return
    if (!(await this.#accept(batch))) return
    for (let rest: readonly KafkaMessage[] = batch.messages; rest.length > 0; ) {
      if (this.#isClosing || turn.isYielded) return
      const done = await this.#handleGroup(rest)
      if (done === 0) return
      rest = rest.slice(done)
    }
    this.#moveTo(BigInt(batch.lastOffset()) + 1n)
  }

  get #isClosing(): boolean {
    return this.#setup.closing.aborted
  }

  async #accept(batch: FetchedBatch): Promise<boolean> {
    const misses = this.#cursor.misses
    if (this.#cursor.accepts(batch)) {
      if (misses > toleratedMisses) this.#release(misses - toleratedMisses)
      return true
    }
    if (misses < toleratedMisses) return false
    if (!this.#cursor.isFixed) return this.#followKafka(BigInt(batch.fetchedOffset))
    const error = positionNotInLog(this.#setup.place, { next: this.next, offered: batch.fetchedOffset })
    await this.#hold(misses - toleratedMisses + 1, error)
    this.#cursor.distrust()
    return false
  }

  // Nothing has been handled in this partition yet, or no position is kept: Kafka says where its log begins.
  #followKafka(offered: bigint): true {
    this.#emitClaimed(offered, this.next)
    this.#moveTo(offered)
    return true
  }

  // Resolves to how many of the first messages are done: as many as go into one transaction, fewer if one fails.
  async #handleGroup(messages: readonly KafkaMessage[]): Promise<number> {
    const before = this.#cursor.standing
    const failures: Failures = { counted: 0 }
    let done = 0
    await this.#persist((attempt) =>
      this.#setup.context.slots.use(async () => {
        // What made it fail, or went on while it waited, may have been a restore of the database to an earlier state.
        if (attempt > 1 || this.#cursor.isDoubtful) await this.#locate()
        done = this.#cursor.standsAt(before) ? await this.#handleFirst(messages, failures) : 0
        return true
      }),
    )
    const last = messages[done - 1]
    if (last === undefined) return 0
    this.#cursor.passMessage(BigInt(last.offset))
    this.#noteOffset()
    return done
  }

  async #handleFirst(messages: readonly KafkaMessage[], failures: Failures): Promise<number> {
    const [first] = messages
    if (first === undefined || this.#isClosing) return 0
    const position = { ...this.#setup.place, offset: BigInt(first.offset) }
    await this.#care.claim(position)
    if (!this.#care.isOn)
      return await handlings.shared(() => this.#whereItIs(() => this.#attemptOrPark(messages, failures)))
    await this.#care.waitForTurn(deliveryOf(this.#setup.place, first))
    return await handlings.alone(() =>
      this.#whereItIs(() =>
        this.#care.handle(position, {
          handle: () => this.#attemptOrPark([first], failures),
          park: (starts) => this.#parkKiller(first, starts),
        }),
      ),
    )
  }

  // Others may have had the process for as long as a handler takes: the partition may be lost by then, or the database have
  // been restored to an earlier state, and its position with it.
  async #whereItIs(work: () => Promise<number>): Promise<number> {
    const before = this.#cursor.standing
    if (!this.#isClosing && this.#cursor.isDoubtful) await this.#locate()
    return !this.#isClosing && this.#cursor.standsAt(before) ? await work() : 0
  }

  async #parkKiller(message: KafkaMessage, starts: number): Promise<number> {
    const { place, context } = this.#setup
    const error = messageKillsProcess(place, message.offset, starts)
    await context.inbox.park(deliveryOf(place, message), { error, attempts: starts })
    return 1
  }

  // Only failures count for which the first message can be blamed. A whole batch that has had its attempts is handled one by
  // one, to find out which of it is to be parked.
  async #attemptOrPark(messages: readonly KafkaMessage[], failures: Failures): Promise<number> {
    const { place, context, binding } = this.#setup
    const [first] = messages
    const group = this.#isSuspect(first) ? messages.slice(0, 1) : messages.slice(0, binding.group)
    try {
      return await this.#attempt(group)
    } catch (error) {
      if (this.#isClosing || first === undefined || !isMessageFault(error)) throw error
      failures.counted += 1
      const { counted: attempts } = failures
      if (attempts < context.options.attempts) throw error
      if ('batchHandler' in binding && group.length > 1) {
        this.#suspectUntil = BigInt(group.at(-1)?.offset ?? first.offset)
        failures.counted = 0
        throw error
      }
      await context.inbox.park(deliveryOf(place, first), { error, attempts })
      return 1
    }
  }

  #isSuspect(message: KafkaMessage | undefined): boolean {
    return message !== undefined && BigInt(message.offset) <= this.#suspectUntil
  }

  // A signal of the group's own: those combined with a lasting one would pile up in it.
  async #attempt(messages: readonly KafkaMessage[]): Promise<number> {
    const { place, context, binding, givingUp } = this.#setup
    if (this.#isClosing) return 0
    const aborting = new AbortController()
    const abort = (): void => aborting.abort(givingUp.reason)
    givingUp.addEventListener('abort', abort, { once: true })
    try {
      const deliveries = messages.map((message) => deliveryOf(place, message))
      return (await context.inbox.handleGroup(deliveries, binding, { signal: aborting.signal })).length
    } finally {
      givingUp.removeEventListener('abort', abort)
    }
  }

  // For a batch that was fetched before.
  async #locateAnew(): Promise<true> {
    const isAsItWas = !this.#cursor.isDoubtful && (await this.#cursor.isOfSameTopic())
    return isAsItWas || (await this.#locate())
  }

  async #locate(): Promise<true> {
    const { context } = this.#setup
    const { next, from, first } = await this.#cursor.locate()
    if (first || from !== undefined) {
      this.#emitClaimed(next, from)
      this.#noteOffset()
    }
    // The end of the log is another one at the next claim, and what was written in between would be passed over.
    if (first && context.options.from === 'latest') await context.offsets.flush()
    return true
  }

  /** Makes attempts until one resolves, and to what that does; to false when nothing may be begun any more. */
  async #persist(attempt: Attempt): Promise<boolean> {
    for (let number = 1; !this.#isClosing; number++) {
      const result = await settle(attempt, number)
      if ('done' in result) {
        if (number > 1) this.#release(number - 1)
        return result.done
      }
      if (this.#isClosing) return false
      await this.#hold(number, result.error)
    }
    return false
  }

  async #hold(attempt: number, error: unknown): Promise<void> {
    const { place, context, closing, stepAside } = this.#setup
    const { backoff, clock } = context.options
    const delayMs = backoffDelay(backoff, attempt)
    stepAside()
    context.events.emit('partition:held', { ...place, offset: this.next, attempt, delayMs, error })
    await clock.sleep(delayMs, closing)
  }

  #release(attempts: number): void {
    const { place, context } = this.#setup
    context.events.emit('partition:released', { ...place, offset: this.next, attempts })
  }

  #moveTo(next: bigint): void {
    this.#cursor.skipTo(next)
    this.#noteOffset()
  }

  #emitClaimed(nextOffset: bigint, soughtFrom: bigint | undefined): void {
    const { place, context } = this.#setup
    context.events.emit('partition:claimed', { ...place, nextOffset, soughtFrom })
  }

  #noteOffset(): void {
    const { place, context, givingUp } = this.#setup
    if (this.next === undefined || givingUp.aborted) return
    const handledBy = this.#cursor.isFixed ? context.inbox.name : undefined
    context.offsets.note({ ...place, offset: this.next, handledBy })
  }
}

// A handler may throw anything, undefined too.
async function settle(
  attempt: Attempt,
  number: number,
): Promise<{ readonly done: boolean } | { readonly error: unknown }> {
  try {
    return { done: await attempt(number) }
  } catch (error) {
    return { error }
  }
}
