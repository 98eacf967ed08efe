import type { IdempotencyStore, KeyClaim, KeyScope, KeyTerms, StoredAnswer } from '@pigeonhole/core'
import type { SqlInboxParts } from '../inbox/sql-inbox-store.js'
import { claimIdempotencyKey } from '../sql/idempotency-key/claim.js'
import { forgetIdempotencyAnswers } from '../sql/idempotency-key/forget.js'
import { storeIdempotencyAnswer } from '../sql/idempotency-key/store-answer.js'
import { run, type SqlSession, type Statement } from '../sql/statement.js'

/** What idempotency keys need of a client that runs SQL, besides what an inbox does. */
export interface SqlIdempotencyParts<Tx> extends Pick<SqlInboxParts<Tx>, 'sessionOf'> {
  /**
   * Runs the last statement of a transaction: nothing else may be run in it from then on, and what is under way of it is
   * waited for. Resolves to undefined where PostgreSQL has given the transaction up.
   */
  readonly runLast: <Params, Row>(
    tx: Tx,
    statement: Statement<Params, Row>,
    params: Params,
  ) => Promise<Row[] | undefined>
  /** Runs `work` in a transaction of its own. */
  readonly write: <R>(work: (session: SqlSession) => Promise<R>) => Promise<R>
}

/** The part of {@link IdempotencyStore} that is not an inbox's, over any client that runs SQL. */
export type IdempotencyMethods<Tx> = Pick<IdempotencyStore<Tx>, 'claimKey' | 'storeAnswer' | 'forgetAnswers'>

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
      const stored = await parts.runLast(tx, storeIdempotencyAnswer, { scope, answer })
      return stored?.length === 1
    },
    async forgetAnswers(bounds): Promise<number> {
      return (await parts.write((session) => run(session, forgetIdempotencyAnswers, bounds))).length
    },
  }
}
