import type { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { Topic } from '../message/topic.js'
import type { Outbox, PublishOptions } from './outbox.js'

/** Publishes a message in a transaction that is known already. Resolves to the message's id. */
export type Publish = <In>(
  topic: Topic<In, unknown>,
  value: NoInfer<In>,
  options?: PublishOptions,
) => Promise<string>

/** Publishing for a handler, in its transaction. `missing` is thrown where nobody has given an outbox. */
export function publishIn<Tx>(
  outbox: Outbox<Tx> | undefined,
  tx: Tx,
  missing: () => PigeonholeError<'OUTBOX_MISSING'>,
): Publish {
  return (topic, value, options) => {
    if (outbox) return outbox.publish(tx, topic, value, options)
    throw missing()
  }
}
