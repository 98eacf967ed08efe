import type { StoredHeader } from '../message/headers.js'
import type { TransactionStore } from './transaction-store.js'

/** What a key is unique in, and the key. */
export interface KeyScope {
  /** Whose key it is; empty where there is one tenant. */
  readonly tenant: string
  /** What is asked for. */
  readonly operation: string
  readonly key: string
}

/** What the input of a request comes to, so that another one under the same key is told from a repeat. */
export interface Fingerprint {
  /** Of the rule by which it was made: fingerprints of two versions say nothing of each other. */
  readonly version: number
  readonly hash: Uint8Array
}

/** An answer as it is stored. Status and headers are those of HTTP; other callers have a body alone. */
export interface StoredAnswer {
  readonly status: number | null
  readonly headers: readonly StoredHeader[] | null
  readonly body: Uint8Array | null
}

/** How a key is claimed. */
export interface KeyTerms {
  readonly fingerprint: Fingerprint
  /** How long an answer is kept, in milliseconds by the database's clock. */
  readonly expiresMs: number
  /** For so long after that it is still given, and the key not free yet. */
  readonly graceMs: number
}

/**
 * What a key is to who claims it: its own until the transaction ends; another transaction's, which has not ended; or one
 * that has an answer, of this fingerprint.
 */
export type KeyClaim =
  | { readonly status: 'claimed' }
  | { readonly status: 'running' }
  | { readonly status: 'answered'; readonly fingerprint: Fingerprint; readonly answer: StoredAnswer }

/** The part of a store that idempotency keys need. `Tx` is the type of an open transaction of the user's own client. */
export interface IdempotencyStore<Tx> extends TransactionStore<Tx> {
  /**
   * Claims a key until the transaction ends, or tells what keeps it from that. Waits for nobody who claims it by this
   * method. A claim leaves nothing behind where its transaction rolls back.
   */
  claimKey(tx: Tx, scope: KeyScope, terms: KeyTerms): Promise<KeyClaim>
  /**
   * Stores the answer of a key that the transaction has claimed, and may commit the transaction with it. Called once, as the last
   * thing: nothing else may be run in the transaction from then on, and what is under way of it is waited for. Resolves to true when
   * the transaction commits, to false when it cannot: PostgreSQL has given it up after an error that was swallowed (SQLSTATE 25P02), or
   * the key is not its own. What is thrown behind true does not roll back.
   * @throws whatever COMMIT does, as `transaction`.
   */
  storeAnswer(tx: Tx, scope: KeyScope, answer: StoredAnswer): Promise<boolean>
  /**
   * Forgets at most `limit` answers that expired more than `graceMs` ago, in a transaction of its own. Resolves to how many.
   */
  forgetAnswers(bounds: { readonly limit: number; readonly graceMs: number }): Promise<number>
}
