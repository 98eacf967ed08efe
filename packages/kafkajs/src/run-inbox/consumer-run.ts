import { backoffDelay, Emitter, type Inbox, PigeonholeError, type StopOptions } from '@pigeonhole/core'
import type { Consumer, ConsumerGroupJoinEvent, EachBatchHandler } from 'kafkajs'
import { type Attempt, brokerError } from '../publisher/broker-errors.js'
import { assertReadCommitted } from '../read-committed/correct-read-committed.js'
import { passOverSilentBrokers } from '../silent-brokers/pass-over-silent-brokers.js'
import { assertIdle, assertUsable } from './assert-usable.js'
import { Assignment } from './assignment.js'
import { attemptOf, type Crash, consumerCrashed, isKeptDown, restartDelayOf } from './crash.js'
import { GroupFeed } from './group-feed.js'
import { IdCleaner } from './id-cleaner.js'
import type { InboxRun } from './inbox-run.js'
import {
  type FetchedBatch,
  listenToRunners,
  type Runner,
  separateOffsets,
  showEmptyBatches,
} from './kafkajs-runner.js'
import { OffsetCommitter } from './offset-committer.js'
import { openConsumer } from './open-consumer.js'
import { recoverAtLogStart } from './out-of-range.js'
import { Outcome } from './outcome.js'
import { ParkedWorker } from './parked-worker.js'
import { restartAfterSilence } from './restart-after-silence.js'
import type { InboxRunEvents } from './run-inbox-events.js'
import type { ResolvedRunInboxOptions } from './run-inbox-options.js'
import { type InboxReadiness, RunReadiness } from './run-readiness.js'
import { Slots } from './slots.js'

/** So often the consumer may crash before it has joined its group once: a young cluster has no coordinator yet. */
const startingAttempts = 5

const joining = 'joining the consumer group'

/** The kafkajs consumer under an inbox: starts it, starts it again when it has crashed, and ends it. */
export class ConsumerRun<Tx> extends Emitter<InboxRunEvents> implements InboxRun {
  readonly #consumer: Consumer
  readonly #inbox: Inbox<Tx>
  readonly #options: ResolvedRunInboxOptions<Tx>
  readonly #offsets: OffsetCommitter
  readonly #assignment: Assignment<Tx>
  readonly #parked: ParkedWorker<Tx>
  readonly #ids: IdCleaner
  readonly #readiness: RunReadiness
  readonly #joined = new Outcome()
  readonly #ended = new Outcome()
  readonly #stopping = new AbortController()
  readonly #hurrying = new AbortController()
  #unlisten: readonly (() => void)[] = []
  #feed: GroupFeed | undefined
  #starting: Attempt = { doing: joining }
  #crashes = 0
  #restarting: Promise<void> = Promise.resolve()
  #stop: Promise<void> | undefined

  constructor(consumer: Consumer, inbox: Inbox<Tx>, options: ResolvedRunInboxOptions<Tx>) {
    super('inbox-run')
    this.#consumer = consumer
    this.#inbox = inbox
    this.#options = options
    const { clock, commitIntervalMs: intervalMs, partitionsConsumedConcurrently } = options
    this.#offsets = new OffsetCommitter({
      intervalMs,
      clock,
      events: this,
      commit: async (offsets) => await this.#feed?.commit(offsets),
    })
    const slots = new Slots(partitionsConsumedConcurrently)
    this.#assignment = new Assignment({ inbox, options, slots, events: this, offsets: this.#offsets })
    this.#parked = new ParkedWorker({ inbox, options, events: this })
    const retentions = async () => (await this.#feed?.retentions(options.handlers.keys())) ?? []
    this.#ids = new IdCleaner({ inbox, options, events: this, retentions })
    this.#readiness = new RunReadiness({ inbox, clock, events: this })
    // Heard of only after the consumer's own start has ended.
    this.#joined.promise.catch(() => undefined)
  }

  get stopped(): Promise<void> {
    return this.#ended.promise
  }

  get readiness(): InboxReadiness {
    return this.#readiness.current
  }

  /** Resolves when the group is joined. Leaves nothing behind otherwise. */
  async start(): Promise<void> {
    assertReadCommitted(this.#consumer)
    passOverSilentBrokers(this.#consumer)
    assertIdle(this.#consumer)
    await this.#inbox.checkSchema()
    this.#listen()
    try {
      const { from, handlers } = this.#options
      await openConsumer(this.#consumer, { topics: handlers.keys(), fromBeginning: from === 'earliest' })
      await this.#run()
      await this.#joined.promise
      this.#parked.start()
      this.#ids.start()
      this.#readiness.start()
    } catch (error) {
      this.#stopping.abort()
      this.#readiness.close()
      await this.#leave()
      throw error
    }
  }

  // Callers share one stop, but each caller's signal can end its draining.
  async stop({ signal }: StopOptions = {}): Promise<void> {
    const hurry = (): void => this.#hurrying.abort()
    if (signal?.aborted) hurry()
    else signal?.addEventListener('abort', hurry, { once: true })
    this.#stop ??= this.#drain()
    await this.#stop
    signal?.removeEventListener('abort', hurry)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  // Begin nothing, finish what is in flight, say how far it went, leave the group; past the deadline, without waiting.
  async #drain(): Promise<void> {
    this.#stopping.abort()
    this.#readiness.close()
    const beside = Promise.all([this.#parked.close(), this.#ids.close()]).then(() => undefined)
    await this.#unlessHurried(this.#assignment.close())
    await this.#unlessHurried(beside)
    if (this.#hurrying.signal.aborted) this.#giveUp(stoppedAtOnce())
    await this.#unlessHurried(this.#restarting)
    await this.#unlessHurried(this.#offsets.end())
    await this.#unlessHurried(this.#leave())
    this.#ended.resolve()
  }

  #giveUp(reason: unknown): void {
    this.#assignment.giveUp(reason)
    this.#parked.giveUp(reason)
  }

  async #unlessHurried(work: Promise<void>): Promise<void> {
    const { signal } = this.#hurrying
    if (signal.aborted) return
    await Promise.race([
      work,
      new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    ])
  }

  // kafkajs ends its fetches first: one that waits for messages takes up to the consumer's maxWaitTimeInMs.
  async #leave(): Promise<void> {
    await this.#consumer.disconnect().catch(() => undefined)
    for (const unlisten of this.#unlisten) unlisten()
  }

  #listen(): void {
    const { events } = this.#consumer
    this.#unlisten = [
      ...this.#readiness.listen(this.#consumer),
      this.#consumer.on(events.GROUP_JOIN, ({ payload }) => this.#onJoin(payload)),
      this.#consumer.on(events.REBALANCING, () => this.#onRebalance()),
      this.#consumer.on(events.STOP, () => this.#onStop()),
      this.#consumer.on(events.CRASH, ({ payload }) => this.#onCrash(payload)),
    ]
  }

  // Resolves also when the consumer has crashed instead of joining.
  async #run(): Promise<void> {
    const eachBatch: EachBatchHandler = async () => undefined
    listenToRunners(this.#consumer, eachBatch, (runner) => this.#adopt(runner))
    const { partitionsConsumedConcurrently } = this.#options
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently,
      eachBatch,
    })
  }

  // kafkajs starts again after a crash even if it has been stopped meanwhile.
  #adopt(runner: Runner): boolean {
    if (this.#stopping.signal.aborted) return false
    assertUsable(runner, this.#options.handlers)
    showEmptyBatches(runner)
    separateOffsets(runner)
    restartAfterSilence(runner)
    this.#readiness.follow(runner)
    this.#starting = attemptOf(runner.consumerGroup, joining)
    const feed = new GroupFeed(runner)
    const take = (batch: FetchedBatch): Promise<void> => this.#assignment.take(feed, batch)
    runner.eachBatch = ({ batch }) => take(batch as unknown as FetchedBatch)
    recoverAtLogStart(runner, take)
    this.#assignment.startOver(feed)
    this.#feed = feed
    return true
  }

  // With `dedupe: 'id'` or 'none' the next owner goes on behind what is committed now.
  #onRebalance(): void {
    void this.#offsets.flush()
    this.#assignment.yield()
  }

  #onJoin({ memberId, memberAssignment }: ConsumerGroupJoinEvent['payload']): void {
    this.#crashes = 0
    const partitions = Object.entries(memberAssignment).flatMap(([topic, numbers]) =>
      numbers.map((partition) => ({ topic, partition })),
    )
    this.#assignment.joined(memberId, partitions)
    this.#joined.resolve()
  }

  #onStop(): void {
    if (!this.#stopping.signal.aborted) this.#assignment.loseAll(new Error('the consumer has ended'))
  }

  #onCrash(crash: Crash): void {
    if (this.#stopping.signal.aborted) return
    this.#crashes += 1
    const keptDown = isKeptDown(crash)
    if (this.#joined.isPending && (keptDown || this.#isHopeless(crash.error))) this.#refuseStart(crash.error)
    else if (keptDown) this.#end(consumerCrashed(crash))
    else if (crash.restart)
      this.emit('consumer:crashed', { error: crash.error, restartMs: restartDelayOf(crash) })
    else this.#restarting = this.#restart(crash.error)
  }

  #isHopeless(error: unknown): boolean {
    return (
      this.#crashes >= startingAttempts || brokerError(error, this.#starting).code === 'BROKER_ACCESS_DENIED'
    )
  }

  #refuseStart(error: unknown): void {
    this.#joined.reject(brokerError(error, this.#starting))
  }

  // Errors that kafkajs does not retry may pass: an ACL is mended, a coordinator is found.
  async #restart(crash: unknown): Promise<void> {
    const { backoff, clock } = this.#options
    for (let error = crash; !this.#stopping.signal.aborted; this.#crashes += 1) {
      const restartMs = backoffDelay(backoff, this.#crashes)
      this.emit('consumer:crashed', { error, restartMs })
      await clock.sleep(restartMs, this.#stopping.signal)
      if (this.#stopping.signal.aborted) return
      try {
        await this.#consumer.connect()
        await this.#run()
        return
      } catch (failure) {
        error = failure
      }
      if (this.#joined.isPending && this.#isHopeless(error)) this.#refuseStart(error)
    }
  }

  #end(error: unknown): void {
    this.#stopping.abort()
    void this.#parked.close()
    void this.#ids.close()
    this.#readiness.close()
    this.#stop = this.#leave()
    this.emit('consumer:crashed', { error, restartMs: undefined })
    this.#ended.reject(error)
  }
}

function stoppedAtOnce(): PigeonholeError<'DEADLINE_EXCEEDED'> {
  return new PigeonholeError('DEADLINE_EXCEEDED', {
    message: 'The consumer was told to stop at once: the message is handled again after the next start',
    details: { operation: 'stop' },
  })
}
