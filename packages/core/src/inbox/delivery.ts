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

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The first header called `name`, as text. A value that is none, such as the bytes of a UUID or of a number, is given as
 * `base64:` and its bytes: read as UTF-8, different values would become the same text.
 */
export function headerText(delivery: Delivery, name: string): string | undefined {
  const found = delivery.headers.find(([header]) => header === name)
  return found && textOf(found[1])
}

function textOf(value: Uint8Array): string {
  try {
    const text = strictUtf8.decode(value)
    // PostgreSQL's text holds anything but this.
    if (!text.includes('\0')) return text
  } catch {
    // Not UTF-8.
  }
  return `base64:${Buffer.from(value).toString('base64')}`
}
