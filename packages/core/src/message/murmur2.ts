/**
 * MurmurHash2 as Kafka's Java client computes it (org.apache.kafka.common.utils.Utils.murmur2), as a signed 32-bit
 * integer. Written out because the packages that offer it hash strings, not bytes; its spec holds it to kafkajs's own.
 */
export function murmur2(data: Uint8Array): number {
  const m = 0x5bd1e995
  const length = data.length
  let h = 0x9747b28c ^ length
  const whole = length & ~3
  for (let i = 0; i < whole; i += 4) {
    let k = byte(data, i) | (byte(data, i + 1) << 8) | (byte(data, i + 2) << 16) | (byte(data, i + 3) << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    h = Math.imul(h, m) ^ Math.imul(k, m)
  }
  const rest = length & 3
  if (rest === 3) h ^= byte(data, whole + 2) << 16
  if (rest >= 2) h ^= byte(data, whole + 1) << 8
  if (rest >= 1) h = Math.imul(h ^ byte(data, whole), m)
  h = Math.imul(h ^ (h >>> 13), m)
  return h ^ (h >>> 15)
}

function byte(data: Uint8Array, index: number): number {
  return data[index] ?? 0
}
