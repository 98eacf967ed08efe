import { createHash, type Hash } from 'node:crypto'
import type { Fingerprint } from '../ports/idempotency-store.js'

/** The rule of {@link fingerprintOf}: whoever changes what is hashed raises it. */
const fingerprintVersion = 1

/** The input of an operation: bytes as they came, or text. */
export type FingerprintInput = string | Uint8Array

/**
 * What an input comes to: SHA-256 over its bytes, or over several parts, each behind its length, so that none can pass for a
 * part of another.
 */
export function fingerprintOf(input: FingerprintInput | readonly FingerprintInput[]): Fingerprint {
  const hash = createHash('sha256')
  for (const part of isOne(input) ? [input] : input) {
    if (typeof part === 'string' && !part.isWellFormed()) addUnits(hash, part)
    else addBytes(hash, typeof part === 'string' ? Buffer.from(part, 'utf8') : part)
  }
  return { version: fingerprintVersion, hash: new Uint8Array(hash.digest()) }
}

function addBytes(hash: Hash, bytes: Uint8Array): void {
  hash.update(`${bytes.byteLength}\0`).update(bytes)
}

// UTF-8 has one replacement for every lone surrogate: two texts would be taken for the same. No length begins with a letter.
function addUnits(hash: Hash, text: string): void {
  hash.update(`utf16 ${text.length}\0`).update(Buffer.from(text, 'utf16le'))
}

/** Whether two are of the same input. Those of two versions are not taken for the same. */
export function isSameInput(a: Fingerprint, b: Fingerprint): boolean {
  return a.version === b.version && Buffer.from(a.hash).equals(b.hash)
}

function isOne(input: FingerprintInput | readonly FingerprintInput[]): input is FingerprintInput {
  return typeof input === 'string' || input instanceof Uint8Array
}
