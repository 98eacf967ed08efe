import type { Inbox } from '@pigeonhole/core'
import type { Consumer } from 'kafkajs'
import { ConsumerRun } from './consumer-run.js'
import type { InboxRun } from './inbox-run.js'
import { type RunInboxOptions, resolveRunInboxOptions } from './run-inbox-options.js'

/**
 * Lets `inbox` handle what `consumer` reads. Resolves when the consumer has joined its group.
 *
 * The consumer is one of kafkajs 2.2.4 that has not been connected or run. It reads committed records only, which
 * kafkajs by itself does not see to. Where a partition goes on is what the inbox says; kafkajs commits nothing by itself.
 * Each partition's messages are handled one at a time and in their order. One that fails is tried again with growing
 * delays and holds its partition meanwhile; the others go on. After some attempts it is parked, with those of its key behind
 * it, and its partition goes on as well. Parked messages are tried again, each key's in their order.
 * @throws OPTION_INVALID, KAFKAJS_UNSUPPORTED, SCHEMA_MISSING, SCHEMA_OUTDATED, STORE_UNAVAILABLE, TOPIC_MISSING,
 * BROKER_UNAVAILABLE, BROKER_ACCESS_DENIED, HANDLER_MISSING (the consumer was subscribed to more topics before)
 */
export async function runInbox<Tx>(
  consumer: Consumer,
  inbox: Inbox<Tx>,
  options: RunInboxOptions<Tx>,
): Promise<InboxRun> {
  const run = new ConsumerRun(consumer, inbox, resolveRunInboxOptions(options))
  await run.start()
  return run
}
