import type { IdempotencyStore, KeyClaim, KeyScope, KeyTerms, StoredAnswer } from '@pigeonhole/core'
import type { SqlInboxParts } from '../inbox/sql-inbox-store.js'
import { claimIdempotencyKey } from '../sql/idempotency-key/claim.js'
import { forgetIdempotencyAnswers } from '../sql/idempotency-key/forget.js'
import { keyNotClaimed, storeIdempotencyAnswer } from '../sql/idempotency-key/store-answer.js'
import { run, type SqlSession, type Statement } from '../sql/statement.js'

/** What idempotency keys need of a client that runs SQL, besides what an inbox does. */
export interface SqlIdempotencyParts<Tx> extends Pick<SqlInboxParts<Tx>, 'sessionOf'> {
  /**
   * Runs the last statement of a transaction, and may commit it: nothing else may be run in it from then on, and what is under way of
   * it is waited for.
   */
  readonly runLast: <Params, Row>(tx: Tx, statement: Statement<Params, Row>, params: Params) => Promise<Row[]>
  /** The SQLSTATE in an error of {@link runLast}. */
  readonly sqlStateOf: (error: unknown) => unknown
  /** Runs `work` in a transaction of its own. */
  readonly write: <R>(work: (session: SqlSession) => Promise<R>) => Promise<R>
}

/** The part of {@link IdempotencyStore} that is not an inbox's, over any client that runs SQL. */
export type IdempotencyMethods<Tx> = Pick<IdempotencyStore<Tx>, 'claimKey' | 'storeAnswer' | 'forgetAnswers'>

// A statement has failed before, or the handler has sent a COMMIT or ROLLBACK of its own.
const hasGivenUp: ReadonlySet<unknown> = new Set(['25P02', '25P01', keyNotClaimed])

/** Idempotency keys over any client that runs SQL. */
export function sqlIdempotencyStore<Tx>(parts: SqlIdempotencyParts<Tx>): IdempotencyMethods<Tx> {
  return {
    async claimKey(tx: Tx, scope: KeyScope, terms: KeyTerms): Promise<KeyClaim> {
      const session = await parts.sessionOf(tx)
      const claim = async (): Promise<KeyClaim | undefined> =>
        (await run(session, claimIdempotencyKey, { scope, terms }))[0]
      // Whoever is not seen the second time holds no lock of ours: a client of another version, that runs.
      return (await claim()) ?? (await claim()) ?? { status: 'running' }
    },
    async storeAnswer(tx: Tx, scope: KeyScope, answer: StoredAnswer): Promise<boolean> {
      try {
        await parts.runLast(tx, storeIdempotencyAnswer, { scope, answer })
        return true
      } catch (error) {
        if (hasGivenUp.has(parts.sqlStateOf(error))) return false
        throw error
      }
    },
    async forgetAnswers(bounds): Promise<number> {
      return (await parts.write((session) => run(session, forgetIdempotencyAnswers, bounds))).length
    },
  }
}
