/** A message as a consumer hands it over. */
export interface Delivery {
  readonly topic: string
  /** Absent where the source has no log, such as a queue. */
  readonly partition?: number
  /** Absent where the source has no log. */
  readonly offset?: bigint
  readonly key: Uint8Array | null
  /** `null` is a tombstone. */
  readonly value: Uint8Array | null
  /** In their order, duplicates kept. */
  readonly headers: readonly (readonly [name: string, value: Uint8Array])[]
  /** When the producer or the broker says that it was written. */
  readonly timestamp?: Date
}

/** The first header called `name`, as text. */
export function headerText(delivery: Delivery, name: string): string | undefined {
  const found = delivery.headers.find(([header]) => header === name)
  return found && Buffer.from(found[1]).toString('utf8')
}
