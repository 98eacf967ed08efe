import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** Writes what kafkajs sends. Each method returns the encoder itself. */
export interface Encoder {
  writeInt8(value: number): Encoder
  writeInt32(value: number): Encoder
  writeBoolean(value: boolean): Encoder
  writeArray(values: readonly string[]): Encoder
  writeUVarInt(value: number): Encoder
  writeUVarIntString(value: string): Encoder
}

/** Reads what a broker has answered. */
export interface Decoder {
  readInt16(): number
  readInt32(): number
  /** A Long of kafkajs's own. */
  readInt64(): { toString(): string }
  readBoolean(): boolean
  readString(): string | null
  readArray<T>(read: (decoder: Decoder) => T): T[]
  readUVarInt(): number
  readUVarIntString(): string | null
  readUVarIntArray<T>(read: (decoder: Decoder) => T): T[] | null
  readBytes(length: number): Buffer
}

/** A request that kafkajs 2.2.4 does not know, or not in this version. */
export interface OwnRequest<T> {
  readonly apiKey: number
  readonly apiVersion: number
  readonly apiName: string
  readonly write: (encoder: Encoder) => Encoder
  readonly read: (decoder: Decoder) => T
}

/** What requests are sent over. */
export interface WireBroker {
  readonly connectionPool: { send(request: object): Promise<unknown> }
}

/** Sends `request` and resolves to what its `read` makes of the answer. */
export async function ask<T>(broker: WireBroker, request: OwnRequest<T>): Promise<T> {
  const encoder = require('kafkajs/src/protocol/encoder') as new () => Encoder
  const decoder = require('kafkajs/src/protocol/decoder') as new (payload: Buffer) => Decoder
  const { apiKey, apiVersion, apiName, write, read } = request
  const answer = await broker.connectionPool.send({
    request: { apiKey, apiVersion, apiName, encode: async () => write(new encoder()) },
    response: {
      decode: async (payload: Buffer) => ({ answer: read(new decoder(payload)) }),
      parse: async (decoded: { readonly answer: T }) => decoded.answer,
    },
  })
  return answer as T
}

/** Passes over the tagged fields of a flexible message. */
export function skipTags(decoder: Decoder): void {
  for (let tags = decoder.readUVarInt(); tags > 0; tags -= 1) {
    decoder.readUVarInt()
    decoder.readBytes(decoder.readUVarInt())
  }
}
