/** A header as it is stored: in order, duplicates kept; a value that is not UTF-8 is kept as base64. */
export type StoredHeader = readonly [name: string, value: string | { readonly base64: string }]

/** A header's value as a publisher writes it. */
export type HeaderValue = string | Uint8Array

/** Headers as a publisher writes them: an object, or pairs where a name may come more than once. */
export type HeadersInput = Readonly<Record<string, HeaderValue>> | readonly (readonly [string, HeaderValue])[]

/** Name of the header that carries the outbox row's id on the wire. */
export const messageIdHeader = 'message-id'

/** Name of the header that carries the W3C trace context of a message's creation. */
export const traceparentHeader = 'traceparent'

/** Name of the header that carries what tracing systems have added to that context. */
export const tracestateHeader = 'tracestate'

const reservedNames: ReadonlySet<string> = new Set([messageIdHeader, traceparentHeader, tracestateHeader])

/** Whether a header's name is one that Pigeonhole writes itself. */
export function isReservedHeader(name: string): boolean {
  const lower = name.toLowerCase()
  return reservedNames.has(lower) || lower.startsWith('pigeonhole-')
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The stored form of one header. */
export function storeHeader(name: string, value: HeaderValue): StoredHeader {
  if (typeof value === 'string') return [name, storeText(value)]
  try {
    return [name, storeText(strictUtf8.decode(value))]
  } catch {
    return [name, { base64: Buffer.from(value).toString('base64') }]
  }
}

// jsonb refuses U+0000, and a lone surrogate has no UTF-8 form.
function storeText(text: string): string | { readonly base64: string } {
  if (!text.includes('\u0000') && text.isWellFormed()) return text
  return { base64: Buffer.from(text, 'utf8').toString('base64') }
}

/** The bytes of a stored header's value. */
export function headerBytes([, value]: StoredHeader): Buffer {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value.base64, 'base64')
}
