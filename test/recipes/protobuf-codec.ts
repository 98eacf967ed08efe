import type { Codec } from '@pigeonhole/core'
import type protobuf from 'protobufjs'

// #region protobuf-codec
/**
 * Values of a protobuf message. Bytes of a newer schema are read: fields that this one does not know are left out, and
 * what is missing has its default. Integers of 64 bits are `Long`s, enums their numbers.
 */
export function protobufCodec<T extends object>(type: protobuf.Type): Codec<T> {
  return {
    encode(value) {
      // Protobuf itself would send a value of another shape as an empty one.
      const fault = type.verify(value)
      if (fault) throw new TypeError(`${type.name}: ${fault}`)
      return type.encode(value).finish()
    },
    decode: (bytes) => type.toObject(type.decode(bytes), { defaults: true }) as T,
  }
}
// #endregion
