import { randomUUID } from 'node:crypto'
import { PigeonholeError } from '@pigeonhole/core'

/** A key with its age. */
export interface KeptKey {
  readonly key: string
  /** When it was made: milliseconds since 1970, by the caller's clock. */
  readonly madeAt: number
}

/**
 * Where a caller keeps the keys of its operations, so that they outlive its process: a table, a file. A key is deleted together with
 * what was to be done, when its answer is recorded; not before.
 */
export interface KeyStore {
  /**
   * Keeps `fresh` for an operation that has no key yet. Resolves to the key that the operation has, when that is durable, the same
   * for two who ask at once: `INSERT … ON CONFLICT (operation) DO UPDATE SET operation = EXCLUDED.operation RETURNING key, made_at`.
   */
  keep(operation: string, fresh: KeptKey): Promise<KeptKey>
}

/** An operation whose key is in a store. */
export interface StoredOperation {
  /** What is to be done, by a name that is the same after a restart, and never that of another operation: `order of cart 7`. */
  readonly operation: string
  readonly store: KeyStore
}

/**
 * Resolves to the key of an operation: the one that was given, that its store has, or a random UUID where none is asked for.
 * @throws OPTION_INVALID
 */
export async function operationKey(asked: {
  readonly key?: string | StoredOperation | undefined
}): Promise<KeptKey> {
  const fresh = { key: randomUUID(), madeAt: Date.now() }
  if (!('key' in asked)) return fresh
  const { key } = asked
  if (typeof key !== 'object' || key === null) return { ...fresh, key: assertKey(key) }
  const kept = await key.store.keep(key.operation, fresh)
  if (!isPast(kept.madeAt, fresh.madeAt))
    throw invalid(`one of its store that was made at ${kept.madeAt}, which is no time that has been`)
  return { key: assertKey(kept.key), madeAt: kept.madeAt }
}

// Of a time that is not in milliseconds, or far ahead, no key would ever be too old. Clocks of two hosts may be a little apart.
function isPast(madeAt: number, now: number): boolean {
  return Number.isFinite(madeAt) && madeAt <= now + apartMs
}

const apartMs = 300_000

/**
 * Holds a key against its end: a server that has forgotten it would take the repeat for a new operation.
 * @throws KEY_EXPIRED
 */
export function assertRemembered({ madeAt }: KeptKey, keyLifeMs: number, now: number): void {
  const ageMs = now - madeAt
  if (ageMs <= keyLifeMs) return
  throw new PigeonholeError('KEY_EXPIRED', {
    message:
      `The idempotency key of a request was made ${ageMs} ms ago, and its server may have forgotten it after keyLifeMs, ${keyLifeMs} ms: ` +
      'a repeat could do the operation a second time. Ask the server whether it was done; give it up, or ask for it anew under another key',
    details: { ageMs, keyLifeMs },
  })
}

// An id that was not there must not become the key of every call.
function assertKey(key: unknown): string {
  if (typeof key === 'string' && /^[\x21\x23-\x7e][\x21-\x7e]{0,254}$/.test(key)) return key
  throw invalid(typeof key === 'string' ? 'no key' : String(key))
}

function invalid(what: string): PigeonholeError<'OPTION_INVALID'> {
  return new PigeonholeError('OPTION_INVALID', {
    message: `Option key is ${what}: it takes 1 to 255 visible ASCII characters, of which the first is no quotation mark, or an operation and its store, or is left out`,
    details: { option: 'key' },
  })
}
