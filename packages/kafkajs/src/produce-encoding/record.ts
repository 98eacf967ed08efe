import type { IHeaders, Message } from 'kafkajs'
import { type ByteWriter, sizeOfVarInt, utf8Length } from './byte-writer.js'

type Bytes = Buffer | string | null | undefined

// Attributes, and the difference of its timestamp to the batch's: all records of a batch have that of the batch.
const headSize = 2

/** Bytes of a record behind its own length. `offsetDelta` is its place in the batch. */
export function sizeOfRecordBody({ key, value, headers }: Message, offsetDelta: number): number {
  const size = headSize + sizeOfVarInt(offsetDelta) + sizeOfVarBytes(key) + sizeOfVarBytes(value)
  return size + sizeOfHeaders(headers)
}

/** Writes a record, `bodySize` bytes behind its length. */
export function writeRecord(
  writer: ByteWriter,
  message: Message,
  { bodySize, offsetDelta }: RecordPlace,
): void {
  writer.varInt(bodySize)
  writer.int8(0)
  writer.varInt(0)
  writer.varInt(offsetDelta)
  writeVarBytes(writer, message.key)
  writeVarBytes(writer, message.value)
  writeHeaders(writer, message.headers)
}

interface RecordPlace {
  readonly bodySize: number
  readonly offsetDelta: number
}

function sizeOfVarBytes(value: Bytes): number {
  if (value === null || value === undefined) return 1
  const size = typeof value === 'string' ? utf8Length(value) : value.length
  return sizeOfVarInt(size) + size
}

function writeVarBytes(writer: ByteWriter, value: Bytes): void {
  if (value === null || value === undefined) writer.varInt(-1)
  else if (typeof value === 'string') writeVarText(writer, value)
  else {
    writer.varInt(value.length)
    writer.raw(value)
  }
}

function writeVarText(writer: ByteWriter, value: string): void {
  const size = utf8Length(value)
  writer.varInt(size)
  writer.text(value, size)
}

function sizeOfHeaders(headers: IHeaders | undefined): number {
  let count = 0
  let size = 0
  for (const name in headers) {
    const sizeOfName = sizeOfVarBytes(name)
    const value = headers[name]
    if (Array.isArray(value)) for (const one of value) size += sizeOfName + sizeOfVarBytes(one)
    else size += sizeOfName + sizeOfVarBytes(value)
    count += Array.isArray(value) ? value.length : 1
  }
  return sizeOfVarInt(count) + size
}

function writeHeaders(writer: ByteWriter, headers: IHeaders | undefined): void {
  let count = 0
  for (const name in headers) {
    const value = headers[name]
    count += Array.isArray(value) ? value.length : 1
  }
  writer.varInt(count)
  for (const name in headers) {
    const value = headers[name]
    if (Array.isArray(value)) for (const one of value) writeHeader(writer, name, one)
    else writeHeader(writer, name, value)
  }
}

function writeHeader(writer: ByteWriter, name: string, value: Bytes): void {
  writeVarText(writer, name)
  writeVarBytes(writer, value)
}
