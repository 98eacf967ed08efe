import { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { TransactionContext } from '../inbox/binding.js'
import { TimeLimit } from '../lifecycle/time-limit.js'
import { publishIn } from '../outbox/publish-in.js'
import type { Fingerprint, KeyScope, StoredAnswer } from '../ports/idempotency-store.js'
import type { AnswerCodec } from './answer-codec.js'
import { deriveKey, type KeyPurpose } from './derive-key.js'
import { isSameInput } from './fingerprint.js'
import type { ResolvedIdempotencyOptions } from './idempotency-options.js'
import { Refusal } from './refuse.js'

/** What an operation's handler has at hand. */
export interface OperationContext<Tx> extends TransactionContext<Tx> {
  /** A key for a step that the operation has done elsewhere: see {@link deriveKey}. */
  deriveKey(...purpose: KeyPurpose): string
}

/** What an operation's handler does. What it returns is stored, and given to each repeat. */
export type OperationHandler<Tx, R> = (context: OperationContext<Tx>) => Promise<R | Refusal<R>>

/** An operation with its key. */
export interface OperationWork<Tx, R> {
  readonly scope: KeyScope
  readonly fingerprint: Fingerprint
  readonly handler: OperationHandler<Tx, R>
  readonly codec: AnswerCodec<R>
  readonly signal: AbortSignal | undefined
}

/** What became of an operation. */
export interface OperationEnd<R> {
  readonly status: 'done' | 'refused' | 'replayed'
  readonly result: R
}

/**
 * Does an operation in one transaction with its key and its answer, or gives the stored answer.
 *
 * A refused one takes two: the first, with all that the handler has done, is rolled back, also where PostgreSQL had given it
 * up before, and the second holds the key and the answer alone. Another attempt may come in between, and its answer is
 * then the one that both give.
 */
export async function runOperation<Tx, R>(
  options: ResolvedIdempotencyOptions<Tx>,
  work: OperationWork<Tx, R>,
): Promise<OperationEnd<R>> {
  try {
    return await attempt(options, work, (frame) => runHandler(options, work, frame))
  } catch (thrown) {
    if (!(thrown instanceof RolledBack)) throw thrown
    const answer = thrown.answer as StoredAnswer
    const end = await attempt(options, work, async () => answer)
    return end.status === 'done' ? { ...end, status: 'refused' } : end
  }
}

/** Leaves a transaction for the sake of its rollback. */
class RolledBack extends Error {
  readonly answer: StoredAnswer

  constructor(answer: StoredAnswer) {
    super('an operation was refused')
    this.answer = answer
  }
}

interface Frame<Tx> {
  readonly tx: Tx
  readonly limit: TimeLimit
}

async function attempt<Tx, R>(
  options: ResolvedIdempotencyOptions<Tx>,
  work: OperationWork<Tx, R>,
  answering: (frame: Frame<Tx>) => Promise<StoredAnswer>,
): Promise<OperationEnd<R>> {
  const { store, timeoutMs } = options
  const { scope, signal, codec } = work
  const limit = new TimeLimit({ timeoutMs, signal, timedOut: operationTimedOut(scope.operation, timeoutMs) })
  try {
    return await store.transaction({ timeoutMs }, async (tx) => {
      const stored = await claim(options, work, tx)
      if (stored) return { status: 'replayed', result: codec.decode(stored) }
      const answer = await answering({ tx, limit })
      // Before anything is stored: what is thrown behind that does not roll back.
      const result = codec.decode(answer)
      // Prisma commits what PostgreSQL has already rolled back when a handler swallows, say, a unique violation.
      if (!(await store.storeAnswer(tx, scope, answer))) throw swallowed(scope)
      return { status: 'done', result }
    })
  } catch (error) {
    throw limit.blame(error)
  } finally {
    limit.end()
  }
}

// Resolves to the answer of an earlier attempt, to undefined where the key is this transaction's.
async function claim<Tx, R>(
  { store, expiresMs, graceMs }: ResolvedIdempotencyOptions<Tx>,
  { scope, fingerprint }: OperationWork<Tx, R>,
  tx: Tx,
): Promise<StoredAnswer | undefined> {
  const claimed = await store.claimKey(tx, scope, { fingerprint, expiresMs, graceMs })
  if (claimed.status === 'claimed') return undefined
  if (claimed.status === 'running') throw keyRunning(scope)
  if (!isSameInput(claimed.fingerprint, fingerprint)) throw keyReused(scope)
  return claimed.answer
}

async function runHandler<Tx, R>(
  options: ResolvedIdempotencyOptions<Tx>,
  { scope, handler, codec }: OperationWork<Tx, R>,
  { tx, limit }: Frame<Tx>,
): Promise<StoredAnswer> {
  const publish = publishIn(options.outbox, tx, () => outboxMissing(scope))
  const context: OperationContext<Tx> = {
    tx,
    publish,
    // Made only for a handler that asks for it.
    get signal() {
      return limit.signal
    },
    deriveKey: (...purpose) => deriveKey(scope, ...purpose),
  }
  const returned = await limit.measure(() => handler(context))
  const answer = codec.encode(returned instanceof Refusal ? returned.result : returned)
  assertFits(answer, options.maxAnswerBytes, scope)
  if (returned instanceof Refusal) throw new RolledBack(answer)
  return answer
}

function outboxMissing({ operation }: KeyScope): PigeonholeError<'OUTBOX_MISSING'> {
  return new PigeonholeError('OUTBOX_MISSING', {
    message: `The handler of ${operation} publishes, and there is no outbox: createIdempotency({ store, outbox })`,
    details: { operation },
  })
}

function assertFits({ headers, body }: StoredAnswer, maxBytes: number, { operation }: KeyScope): void {
  const bytes = (body?.byteLength ?? 0) + (headers === null ? 0 : Buffer.byteLength(JSON.stringify(headers)))
  if (bytes <= maxBytes) return
  throw new PigeonholeError('ANSWER_TOO_LARGE', {
    message:
      `The answer of ${operation} has ${bytes} bytes, and maxAnswerBytes is ${maxBytes}: answer with a reference to what is ` +
      'large, or raise it. Nothing of the operation is written',
    details: { operation, bytes, maxBytes },
  })
}

function keyRunning({ operation }: KeyScope): PigeonholeError<'KEY_RUNNING'> {
  return new PigeonholeError('KEY_RUNNING', {
    message:
      `Another attempt at ${operation} with this idempotency key has not ended: repeat the same request in a second, and ` +
      'it gets the answer of that attempt, or is done if that one has failed',
    details: { operation },
    retryable: true,
  })
}

function keyReused({ operation }: KeyScope): PigeonholeError<'KEY_REUSED'> {
  return new PigeonholeError('KEY_REUSED', {
    message:
      `This idempotency key was used for ${operation} with another input: a repeat has to be the same request, and another ` +
      'operation has to have a key of its own',
    details: { operation },
  })
}

function swallowed({ operation }: KeyScope): PigeonholeError<'HANDLER_SWALLOWED_ERROR'> {
  return new PigeonholeError('HANDLER_SWALLOWED_ERROR', {
    message:
      `The handler of ${operation} caught an error of a statement in its transaction, which PostgreSQL had given up by ` +
      'then, or ended the transaction itself: nothing of it can commit. Let the error pass, answer with refuse(result), or ' +
      'avoid it (INSERT … ON CONFLICT DO NOTHING, upsert), and leave BEGIN, COMMIT and ROLLBACK to Pigeonhole',
    details: { operation },
  })
}

function operationTimedOut(
  operation: string,
  timeoutMs: number,
): (cause: unknown) => PigeonholeError<'HANDLER_TIMED_OUT'> {
  return (cause) =>
    new PigeonholeError('HANDLER_TIMED_OUT', {
      message:
        `The handler of ${operation} was not done within timeoutMs, ${timeoutMs} ms, and its transaction is rolled back: hand ` +
        'its signal to what it awaits, do less in one operation, or raise timeoutMs of createIdempotency',
      details: { operation, timeoutMs },
      cause,
      retryable: true,
    })
}
