import { backoffDelay, type Emitter, type Inbox } from '@pigeonhole/core'
import { idRetentionShort } from './partition-errors.js'
import type { InboxRunEvents } from './run-inbox-events.js'
import type { ResolvedRunInboxOptions } from './run-inbox-options.js'
import type { TopicRetention } from './topic-retention.js'

/** What an {@link IdCleaner} is made from. */
export interface IdCleanerSetup {
  readonly inbox: Pick<
    Inbox<never>,
    'name' | 'keepsIds' | 'keepsPositions' | 'idRetentionMs' | 'forgetOldIds'
  >
  readonly options: Pick<ResolvedRunInboxOptions<never>, 'idCleaningMs' | 'backoff' | 'clock'>
  readonly events: Emitter<InboxRunEvents>
  /** For how long Kafka keeps the messages of each topic. */
  readonly retentions: () => Promise<readonly TopicRetention[]>
}

/**
 * Forgets ids that are old enough, and compares how long they are kept with how long the topics keep their messages. Where
 * positions are kept these tell redeliveries, and ids only what a producer repeats. Where none are, an id is all that tells a
 * message that is still in its log: it is kept for as long as that may be.
 */
export class IdCleaner {
  readonly #setup: IdCleanerSetup
  readonly #closing = new AbortController()
  /** What was told of each topic. */
  readonly #told = new Map<string, number>()
  #idle: Promise<void> = Promise.resolve()

  constructor(setup: IdCleanerSetup) {
    this.#setup = setup
  }

  start(): void {
    const { keepsIds, idRetentionMs } = this.#setup.inbox
    if (keepsIds && idRetentionMs !== Number.POSITIVE_INFINITY) this.#idle = this.#work()
  }

  /** Begins nothing more. Resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#idle
  }

  async #work(): Promise<void> {
    const { idCleaningMs, backoff, clock } = this.#setup.options
    const { signal } = this.#closing
    for (let failures = 0; !signal.aborted; ) {
      const failure = await this.#clean().then(
        () => undefined,
        (error: unknown) => ({ error }),
      )
      failures = failure ? failures + 1 : 0
      const delayMs = failure ? Math.max(idCleaningMs, backoffDelay(backoff, failures)) : idCleaningMs
      if (failure && !signal.aborted) this.#setup.events.emit('ids:delayed', { ...failure, delayMs })
      await clock.sleep(delayMs, signal)
    }
  }

  async #clean(): Promise<void> {
    const { inbox, events } = this.#setup
    const retentions = await this.#compare()
    const { idRetentionMs } = inbox
    const keepMs = inbox.keepsPositions
      ? idRetentionMs
      : Math.max(idRetentionMs, ...(retentions?.map(({ keptMs }) => keptMs) ?? [Number.POSITIVE_INFINITY]))
    const count = await inbox.forgetOldIds({ keepMs, signal: this.#closing.signal })
    if (count > 0) events.emit('ids:forgotten', { count })
  }

  // Undefined where the broker does not tell, of which it is told once.
  async #compare(): Promise<readonly TopicRetention[] | undefined> {
    const { events, retentions } = this.#setup
    let found: readonly TopicRetention[]
    try {
      found = await retentions()
    } catch (error) {
      if (!this.#told.has('')) events.emit('retention:unknown', { error })
      this.#told.set('', 0)
      return undefined
    }
    this.#told.delete('')
    for (const one of found) this.#compareWith(one)
    return found
  }

  #compareWith(retention: TopicRetention): void {
    const { inbox, events } = this.#setup
    const { topic, keptMs } = retention
    if (this.#told.get(topic) === keptMs) return
    this.#told.set(topic, keptMs)
    if (keptMs < inbox.idRetentionMs) return
    const error = idRetentionShort(inbox, retention)
    events.emit('retention:short', {
      topic,
      idRetentionMs: inbox.idRetentionMs,
      topicRetentionMs: keptMs,
      error,
    })
  }
}
