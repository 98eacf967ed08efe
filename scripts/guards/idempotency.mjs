// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const operations = {
  file: 'packages/core/src/idempotency/run-operation.ts',
  spec: 'test/idempotency/operations.int.spec.ts',
}
const sql = 'packages/postgres/src/sql/idempotency-key'
const claims = { file: `${sql}/claim.ts`, spec: `${sql}/claim.int.spec.ts` }
const conformance = { spec: 'test/postgres/postgres-store.int.spec.ts' }

/** What an idempotency key is held to. @type {readonly GuardEntry[]} */
export const idempotencyGuards = [
  {
    ...operations,
    name: 'an answer is given instead of another run',
    find: "      if (stored) return { status: 'replayed', result: codec.decode(stored) }\n",
    replace: '      void stored\n',
    test: 'takes effect once, and each repeat gets the same result',
  },
  {
    ...operations,
    name: 'a key that runs is not run beside it',
    find: "  if (claimed.status === 'running') throw keyRunning(scope)\n",
    replace: "  void keyRunning\n  if (claimed.status === 'running') return undefined\n",
    test: 'is refused for another attempt that runs',
  },
  {
    ...operations,
    name: 'a key is not for another input',
    find: '  if (!isSameInput(claimed.fingerprint, fingerprint)) throw keyReused(scope)\n',
    replace: '  void [isSameInput, keyReused, fingerprint]\n',
    test: 'is refused for another attempt that runs, and for another input',
  },
  {
    ...operations,
    file: 'packages/core/src/idempotency/fingerprint.ts',
    name: 'parts of an input are told apart',
    find: 'hash.update(`${bytes.byteLength}\\0`).update(bytes)',
    replace: 'hash.update(bytes)',
    test: 'tells parts of an input apart',
  },
  {
    ...operations,
    name: 'what is refused has no effect',
    find: '  if (returned instanceof Refusal) throw new RolledBack(answer)\n',
    replace: '',
    test: 'that is refused has no effect',
  },
  {
    ...operations,
    name: 'a refusal is stored',
    find: '    const end = await attempt(options, work, async () => answer)\n',
    replace:
      "    if (answer) return { status: 'refused', result: work.codec.decode(answer) }\n    const end = await attempt(options, work, async () => answer)\n",
    test: 'that is refused has no effect, and each repeat is refused alike',
  },
  {
    ...operations,
    name: 'an error that was swallowed is told of',
    find: '      if (!(await store.storeAnswer(tx, scope, answer))) throw swallowed(scope)\n',
    replace: '      void swallowed\n      await store.storeAnswer(tx, scope, answer)\n',
    test: 'may not go on behind such an error as if nothing were',
  },
  {
    ...operations,
    name: 'an answer has a bound',
    find: '  if (bytes <= maxBytes) return\n',
    replace: '  if (bytes <= maxBytes || bytes > 0) return\n',
    test: 'whose answer is too large, or has no form, is not done',
  },
  {
    ...operations,
    file: 'packages/core/src/idempotency/idempotency.ts',
    name: 'a lost conflict is tried again',
    find: 'retries: this.#options.conflictRetries,',
    replace: 'retries: 0,',
    test: 'is done again at once when it has lost a conflict',
  },
  {
    ...operations,
    file: `${sql}/store-answer.ts`,
    name: 'an answer belongs to the transaction that has claimed its key',
    find: '\n      AND xmin = pg_current_xact_id()::xid',
    replace: '',
    test: 'may not commit its transaction itself',
  },
  {
    ...conformance,
    file: `${sql}/claim.ts`,
    name: 'nobody waits for a key that another transaction has',
    find: 'pg_try_advisory_xact_lock($1::bigint) AS is_free',
    replace: '$1::bigint IS NOT NULL AS is_free',
    test: 'is one transaction’s until that ends: to another one it runs, which is told at once',
  },
  {
    ...claims,
    name: 'what was answered meanwhile is not claimed anew',
    find: '\n      WHERE held.expires_at <= now() - make_interval(secs => $8::float8 / 1000)',
    replace: '',
    test: 'the unique index stands behind it',
  },
  {
    ...claims,
    file: 'packages/postgres/src/idempotency/sql-idempotency-store.ts',
    name: 'what was answered meanwhile is looked up',
    find: '(await claim()) ?? (await claim()) ?? ',
    replace: '(await claim()) ?? ',
    test: 'the unique index stands behind it',
  },
  {
    ...claims,
    name: 'a replay writes nothing',
    find: ' WHERE NOT EXISTS (SELECT FROM answered)\n',
    replace: '\n',
    test: 'writes nothing where there is an answer',
  },
  {
    ...conformance,
    file: `${sql}/claim.ts`,
    name: 'an answer is given while its grace lasts',
    find: 'AND expires_at > now() - make_interval(secs => $8::float8 / 1000)',
    replace: 'AND expires_at > now() AND $8::float8 IS NOT NULL',
    test: 'is given while its grace lasts',
  },
  {
    ...conformance,
    file: `${sql}/claim.ts`,
    name: 'a key is one tenant’s',
    find: 'WHERE tenant = $2::text AND operation = $3::text',
    replace: 'WHERE operation = $3::text AND $2::text IS NOT NULL',
    test: 'leaves another tenant alone, claimed and answered',
  },
  {
    ...conformance,
    file: `${sql}/forget.ts`,
    name: 'answers are forgotten in bounded lots',
    find: '      LIMIT $1::int\n',
    replace: '      LIMIT $1::int + 1000\n',
    test: 'is forgotten, in bounded lots, and no other',
  },
  {
    file: `${sql}/forget.ts`,
    spec: `${sql}/forget.int.spec.ts`,
    name: 'what has expired is found by its index',
    find: '      ORDER BY expires_at\n',
    replace: '      ORDER BY expires_at + make_interval()\n',
    test: 'looks only at what it forgets, by its index',
  },
  {
    ...operations,
    file: 'packages/core/src/idempotency/forget-answers.ts',
    name: 'lot after lot is forgotten, until one is not full',
    find: '    if (forgotten < lot) break\n',
    replace: '    break\n',
    test: 'is forgotten in transactions of 1,000, however many have expired',
  },
  {
    ...conformance,
    file: `${sql}/forget.ts`,
    name: 'what is claimed anew is not forgotten',
    find: '\n      FOR UPDATE SKIP LOCKED',
    replace: '',
    test: 'is not forgotten while a transaction claims its key anew',
  },
]
