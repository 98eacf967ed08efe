import type { AnyBinding, Delivery, Inbox } from '@pigeonhole/core'

/** A record of the event that a Lambda function is given by its Kafka trigger (Amazon MSK, self-managed Kafka). */
export interface LambdaKafkaRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key?: string
  readonly value?: string
  readonly headers: readonly Readonly<Record<string, readonly number[]>>[]
}

/** The event: records by `topic-partition`, in the order of the log. */
export interface LambdaKafkaEvent {
  readonly records: Readonly<Record<string, readonly LambdaKafkaRecord[]>>
}

// #region lambda
/** A function that handles each record of its event once, however often Lambda retries the event. */
export function lambdaHandler<Tx>(inbox: Inbox<Tx>, handlers: readonly AnyBinding<Tx>[]) {
  return async ({ records }: LambdaKafkaEvent): Promise<void> => {
    // One record of a partition at a time, in its order. An error lets Lambda retry the event from its beginning.
    for (const partition of Object.values(records)) {
      for (const record of partition) {
        const handler = handlers.find(({ topic }) => topic.name === record.topic)
        if (!handler) throw new Error(`No handler for topic ${record.topic}`)
        await inbox.handle(deliveryOf(record), handler)
      }
    }
  }
}

function deliveryOf({ key, value, offset, timestamp, headers, ...place }: LambdaKafkaRecord): Delivery {
  return {
    ...place,
    offset: BigInt(offset),
    timestamp: new Date(timestamp),
    key: key === undefined ? null : Buffer.from(key, 'base64'),
    value: value === undefined ? null : Buffer.from(value, 'base64'),
    headers: headers.flatMap((header) =>
      Object.entries(header).map(([name, bytes]) => [name, Uint8Array.from(bytes)] as const),
    ),
  }
}
// #endregion
