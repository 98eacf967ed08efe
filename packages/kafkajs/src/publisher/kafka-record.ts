import { createHash } from 'node:crypto'
import { type CapturedRow, messageIdHeader, type StoredHeader } from '@pigeonhole/core'
import type { IHeaders, Message } from 'kafkajs'

// The longest forms of a record's varints, and of a header's: kafkajs's batches are never larger than this estimate.
const recordOverhead = 36
const headerOverhead = 10

/** A row as kafkajs sends it, to a partition that is settled. */
export interface KafkaRecord {
  readonly row: CapturedRow
  readonly partition: number
  readonly message: Message
  /** An upper bound of its size in a record batch, uncompressed. */
  readonly bytes: number
}

/** The record of `row` in `partition`. Key and payload are not copied. */
export function kafkaRecord(row: CapturedRow, partition: number): KafkaRecord {
  const key = asBuffer(row.key)
  const value = asBuffer(row.payload)
  const headers = headersOf(row)
  const bytes = recordOverhead + (key?.length ?? 0) + (value?.length ?? 0) + sizeOfHeaders(row)
  return { row, partition, message: { key, value, headers, partition }, bytes }
}

/** Identifies a key in messages and logs without telling it. */
export function keyHash(key: Uint8Array | null): string {
  return key === null ? 'none' : createHash('sha256').update(key).digest('hex').slice(0, 16)
}

// kafkajs takes headers as an object: the names keep the order in which they first come, except that names which are
// whole numbers come first, and the values of one name stand together. Without a prototype, any name is only a name.
function headersOf({ id, headers }: CapturedRow): IHeaders {
  const byName: IHeaders = Object.create(null)
  byName[messageIdHeader] = id
  for (const header of headers) {
    const name = header[0]
    const value = headerValue(header)
    const earlier = byName[name]
    byName[name] =
      earlier === undefined ? value : Array.isArray(earlier) ? [...earlier, value] : [earlier, value]
  }
  return byName
}

function headerValue([, value]: StoredHeader): string | Buffer {
  return typeof value === 'string' ? value : Buffer.from(value.base64, 'base64')
}

function sizeOfHeaders({ id, headers }: CapturedRow): number {
  let bytes = headerOverhead + messageIdHeader.length + id.length
  for (const [name, value] of headers) {
    const size = typeof value === 'string' ? Buffer.byteLength(value) : value.base64.length
    bytes += headerOverhead + Buffer.byteLength(name) + size
  }
  return bytes
}

// kafkajs writes any other Uint8Array as the text of its numbers.
function asBuffer(bytes: Uint8Array | null): Buffer | null {
  if (bytes === null || Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
