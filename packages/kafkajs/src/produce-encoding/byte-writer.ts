/** Writes Kafka's primitive types into bytes of a size that is known beforehand. */
export class ByteWriter {
  readonly bytes: Buffer
  #at = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size)
  }

  /** Where the next byte goes. */
  get at(): number {
    return this.#at
  }

  int8(value: number): void {
    this.bytes[this.#at] = value
    this.#at += 1
  }

  int16(value: number): void {
    this.#at = this.bytes.writeInt16BE(value, this.#at)
  }

  int32(value: number): void {
    this.#at = this.bytes.writeInt32BE(value, this.#at)
  }

  int64(value: bigint): void {
    this.#at = this.bytes.writeBigInt64BE(value, this.#at)
  }

  /** Writes an unsigned number of 32 bits at an earlier place. */
  uint32At(value: number, at: number): void {
    this.bytes.writeUInt32BE(value, at)
  }

  /** A zigzag varint. */
  varInt(value: number): void {
    const { bytes } = this
    let rest = ((value << 1) ^ (value >> 31)) >>> 0
    let at = this.#at
    for (; rest > 0x7f; rest >>>= 7, at += 1) bytes[at] = (rest & 0x7f) | 0x80
    bytes[at] = rest
    this.#at = at + 1
  }

  raw(value: Uint8Array): void {
    // A call of `set` takes as long as a loop over forty bytes.
    if (value.length > 40) this.bytes.set(value, this.#at)
    else for (let i = 0; i < value.length; i += 1) this.bytes[this.#at + i] = value[i] as number
    this.#at += value.length
  }

  /** A text of which `byteLength` was told by {@link utf8Length}. */
  text(value: string, byteLength: number): void {
    const { bytes } = this
    if (byteLength === value.length && byteLength <= 64)
      for (let i = 0; i < byteLength; i += 1) bytes[this.#at + i] = value.charCodeAt(i)
    else bytes.write(value, this.#at, byteLength, 'utf8')
    this.#at += byteLength
  }
}

/** Bytes of a text in UTF-8. Short texts, as names and ids are, are counted here: the call into Node costs more. */
export function utf8Length(value: string): number {
  if (value.length > 64) return Buffer.byteLength(value)
  for (let i = 0; i < value.length; i += 1) if (value.charCodeAt(i) > 0x7f) return Buffer.byteLength(value)
  return value.length
}

/** Bytes of a zigzag varint. */
export function sizeOfVarInt(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x200000) return 3
  return zigzag < 0x10000000 ? 4 : 5
}
