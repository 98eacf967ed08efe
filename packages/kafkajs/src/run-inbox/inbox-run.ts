import type { EventSource, Service } from '@pigeonhole/core'
import type { InboxRunEvents } from './run-inbox-events.js'
import type { InboxReadiness } from './run-readiness.js'

/** A consumer that hands its messages to an inbox, until it is stopped. */
export interface InboxRun extends Pick<Service, 'stop'>, AsyncDisposable, EventSource<InboxRunEvents> {
  /**
   * Resolves once it has been stopped. Rejects with CONSUMER_CRASHED if kafkajs's `restartOnFailure` has decided that the
   * consumer does not start again after a crash: unheard, that ends the process, so that no consumer is silently dead.
   */
  readonly stopped: Promise<void>
  /**
   * Whether it handles messages now, or why not: what a readiness probe answers. No server is asked for it: the brokers are heard all
   * the time, and the database is asked every 4 s. What is gone shows within 15 s, unless kafkajs is told to wait for longer.
   */
  readonly readiness: InboxReadiness
}
