import type { KeyScope, KeyTerms, StoredAnswer } from '@pigeonhole/core'
import { bytes } from '../store-scene.js'
import type { OpenStore } from '../store-subject.js'

/** A key with what matters to a case. */
export function scopeOf(given: Partial<KeyScope> = {}): KeyScope {
  return { tenant: 'tenant', operation: 'POST /orders', key: 'key-1', ...given }
}

/** Terms under which nothing expires. */
export const terms: KeyTerms = {
  fingerprint: { version: 1, hash: bytes('of the input') },
  expiresMs: 3_600_000,
  graceMs: 0,
}

/** An answer as other callers than those of HTTP have it. */
export function answerOf(body: string): StoredAnswer {
  return { status: null, headers: null, body: bytes(body) }
}

const bounds = { timeoutMs: 20_000 }

/** Claims a key and stores its answer, as an operation does. */
export async function answer<Tx>(
  { store }: OpenStore<Tx>,
  scope: KeyScope,
  { stored, under = terms }: { readonly stored: StoredAnswer; readonly under?: KeyTerms },
): Promise<void> {
  await store.transaction(bounds, async (tx) => {
    const { status } = await store.claimKey(tx, scope, under)
    if (status !== 'claimed') throw new Error(`the key is ${status}`)
    if (!(await store.storeAnswer(tx, scope, stored))) throw new Error('the transaction cannot commit')
  })
}
