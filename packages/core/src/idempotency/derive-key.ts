import { createHash } from 'node:crypto'

/**
 * A key for something that an operation does elsewhere (a call of another service, a message), from the operation's own:
 * the same for each repeat, and another one for each `purpose`. A UUID of version 8 (RFC 9562), 122 bits of SHA-256.
 *
 * A key is unique in its tenant and operation only: where several of them meet at one callee, name them as well.
 *
 * `purpose` names the step, and the item where there are several: `deriveKey(key, tenant, 'POST /orders', 'charge')`,
 * `deriveKey(key, tenant, 'POST /orders', 'ship', line.id)`.
 */
export function deriveKey(key: string, ...purpose: readonly [string, ...string[]]): string {
  const hash = createHash('sha256').update('pigeonhole.derive-key')
  for (const part of [key, ...purpose]) hash.update(`\0${Buffer.byteLength(part)}\0`).update(part)
  const bytes = hash.digest().subarray(0, 16)
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
