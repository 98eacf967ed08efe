/** Turns values into bytes and back. Throw any error to refuse a value: it becomes the `cause` of a coded one. */
export interface Codec<T> {
  /** The bytes that are sent. */
  encode(value: T): Uint8Array | Promise<Uint8Array>
  /** The value that a handler gets. */
  decode(bytes: Uint8Array): T | Promise<T>
}

// Text is given back as it was sent, a byte order mark included; foreign JSON may begin with one.
const exactUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenientUtf8 = new TextDecoder('utf-8', { fatal: true })

/** UTF-8 JSON. The default of a topic. */
export const jsonCodec: Codec<unknown> = {
  encode(value) {
    const text = JSON.stringify(value)
    if (text === undefined) throw new TypeError(`JSON has no form for a value of type ${typeof value}`)
    return Buffer.from(text, 'utf8')
  },
  decode: (bytes): unknown => JSON.parse(lenientUtf8.decode(bytes)),
}

/** UTF-8 text. */
export const textCodec: Codec<string> = {
  encode(value) {
    if (typeof value !== 'string') throw new TypeError(`expected a string, got ${typeof value}`)
    if (!value.isWellFormed()) throw new TypeError('a lone surrogate has no UTF-8 form')
    return Buffer.from(value, 'utf8')
  },
  decode: (bytes) => exactUtf8.decode(bytes),
}

/** Bytes as they are. */
export const bytesCodec: Codec<Uint8Array> = {
  encode(value) {
    if (!(value instanceof Uint8Array)) throw new TypeError(`expected a Uint8Array, got ${typeof value}`)
    return value
  },
  decode: (bytes) => bytes,
}
