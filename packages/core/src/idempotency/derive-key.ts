import { createHash } from 'node:crypto'
import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { type AskedScope, keyScopeOf } from './key-scope.js'

/** What a derived key is for: the step, and the item where there are several of one. None of them is empty. */
export type KeyPurpose = readonly [step: string, ...items: string[]]

/**
 * A key for something that an operation does elsewhere (a call of another service, a message), from the operation's own: the
 * same for each attempt, and another one for each purpose, operation and tenant. A UUID of version 8 (RFC 9562), 122 bits of SHA-256
 * over all parts, each behind its length, so that none can pass for a part of another; no other use of SHA-256 begins alike.
 *
 * A handler has it bound to its own operation: `context.deriveKey('charge')`, `context.deriveKey('ship', line.id)`. By itself it serves
 * whoever knows the key in another place: `deriveKey({ tenant, operation: 'POST /orders', key }, 'charge')`.
 * @throws KEY_MISSING, KEY_INVALID, OPTION_INVALID
 */
export function deriveKey(scope: AskedScope, ...purpose: KeyPurpose): string {
  const { tenant, operation, key } = keyScopeOf(scope)
  assertPurpose(purpose)
  const hash = createHash('sha256').update('pigeonhole.derive-key.1')
  for (const part of [tenant, operation, key, ...purpose])
    hash.update(`\0${Buffer.byteLength(part)}\0`).update(part)
  return uuidOf(hash.digest())
}

// An id that was not there would give one key to all items.
function assertPurpose(purpose: readonly unknown[]): void {
  if (purpose.length > 0 && purpose.every((part) => typeof part === 'string' && part !== '')) return
  throw new PigeonholeError('OPTION_INVALID', {
    message: `Option purpose is ${JSON.stringify(purpose)}: it takes the name of a step, and of an item if there are several, none of them empty`,
    details: { option: 'purpose' },
  })
}

function uuidOf(hash: Buffer): string {
  const bytes = hash.subarray(0, 16)
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
