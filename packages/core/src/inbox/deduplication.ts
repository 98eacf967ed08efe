import { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { Delivery } from './delivery.js'
import type { ResolvedInboxOptions } from './inbox-options.js'
import { type MessageId, resolveMessageId } from './message-id.js'

/** A place in a log. */
export interface Position {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

/** What tells this delivery from others. At least one is there, unless the inbox deduplicates nothing. */
export interface Identity {
  readonly position: Position | undefined
  readonly id: MessageId | undefined
}

type IdentifyOptions = Pick<ResolvedInboxOptions<never>, 'name' | 'dedupe' | 'messageId'>

/**
 * What the inbox's `dedupe` looks at. `both` takes what there is: a message without an id has its position, one from a
 * queue its id.
 * @throws MESSAGE_ID_MISSING, POSITION_MISSING
 */
export function identify(options: IdentifyOptions, delivery: Delivery): Identity {
  const { dedupe } = options
  const position = dedupe === 'both' || dedupe === 'position' ? positionOf(delivery) : undefined
  const id = dedupe === 'both' || dedupe === 'id' ? resolveMessageId(options.messageId, delivery) : undefined
  if (dedupe === 'position' && !position) throw positionMissing(options.name, delivery)
  if ((dedupe === 'id' && !id) || (dedupe === 'both' && !id && !position)) throw idMissing(options, delivery)
  return { position, id }
}

/** What can be told of a delivery that may be refused by {@link identify}: it is parked with that. */
export function identifyLoosely(options: IdentifyOptions, delivery: Delivery): Identity {
  const { dedupe } = options
  const position = dedupe === 'both' || dedupe === 'position' ? positionOf(delivery) : undefined
  try {
    return { position, id: identify(options, delivery).id }
  } catch {
    // A resolver of the user's may throw, too.
    return { position, id: undefined }
  }
}

function positionOf({ topic, partition, offset }: Delivery): Position | undefined {
  return partition === undefined || offset === undefined ? undefined : { topic, partition, offset }
}

function positionMissing(inbox: string, { topic }: Delivery): PigeonholeError {
  return new PigeonholeError('POSITION_MISSING', {
    message:
      `Inbox ${inbox} deduplicates by position, and a delivery of topic ${topic} has no partition and offset: ` +
      "pass them, or create the inbox with dedupe: 'id'",
    details: { topic },
  })
}

function idMissing(
  { name, dedupe }: IdentifyOptions,
  { topic, partition, offset }: Delivery,
): PigeonholeError {
  return new PigeonholeError('MESSAGE_ID_MISSING', {
    message:
      `Inbox ${name} deduplicates by ${dedupe === 'id' ? 'id' : 'id or position'}, and the message of topic ${topic} ` +
      `at partition ${partition ?? '-'} offset ${offset ?? '-'} has neither ce_id, message-id, id nor MessageId: ` +
      "give the inbox a messageId resolver, or use dedupe: 'position'",
    details: { topic },
  })
}
