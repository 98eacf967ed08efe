import type { EventSource, Service } from '@pigeonhole/core'
import type { InboxRunEvents } from './run-inbox-events.js'

/** A consumer that hands its messages to an inbox, until it is stopped. */
export interface InboxRun extends Pick<Service, 'stop'>, AsyncDisposable, EventSource<InboxRunEvents> {
  /**
   * Resolves once it has been stopped. Rejects with CONSUMER_CRASHED if kafkajs's `restartOnFailure` has decided that the
   * consumer does not start again after a crash: unheard, that ends the process, so that no consumer is silently dead.
   */
  readonly stopped: Promise<void>
}
