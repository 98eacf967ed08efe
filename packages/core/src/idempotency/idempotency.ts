import { Emitter, type EventSource } from '../events/emitter.js'
import { retryConflicts } from '../retry/retry-conflicts.js'
import { type AnswerCodec, jsonAnswers } from './answer-codec.js'
import { type FingerprintInput, fingerprintOf } from './fingerprint.js'
import { forgetAnswers } from './forget-answers.js'
import type { IdempotencyEvents } from './idempotency-events.js'
import {
  type IdempotencyOptions,
  type ResolvedIdempotencyOptions,
  resolveIdempotencyOptions,
} from './idempotency-options.js'
import { isRejectionOf } from './key-rejection.js'
import { type AskedScope, keyScopeOf } from './key-scope.js'
import {
  type OperationEnd,
  type OperationHandler,
  type OperationWork,
  runOperation,
} from './run-operation.js'
import { traceOperation } from './traced-operation.js'

/** An operation that is asked for. */
export interface OperationRequest extends AskedScope {
  /**
   * What the operation is to do, as bytes or text, or several of them. The same key with another input is refused.
   * Of JSON whose writers may order it as they like, pass its {@link canonicalJson}.
   */
  readonly input: FingerprintInput | readonly FingerprintInput[]
  /** Aborts when the operation is to be given up: handed on to the handler. */
  readonly signal?: AbortSignal
}

/** What {@link Idempotency.run} resolves to. */
export interface OperationOutcome<R> {
  /** Whether the result is that of an earlier attempt. */
  readonly replayed: boolean
  readonly result: R
}

/** Binds an operation to its key: its effects, its messages and its result are committed once. */
export interface Idempotency<Tx> extends EventSource<IdempotencyEvents> {
  /** Largest answer that is stored, in bytes: who collects one may give up at this size. */
  readonly maxAnswerBytes: number
  /**
   * Does an operation once for its key. The first attempt runs `handler` in a transaction that also holds the key and the
   * result; each later one gets the result as it was stored, so that both see the same: what JSON makes of it, or `codec`.
   *
   * A handler that returns {@link refuse} has no effect, and its result is stored. One that throws leaves no trace, and
   * the next attempt runs it again.
   * @throws whatever the handler throws; KEY_MISSING, KEY_INVALID, KEY_RUNNING, KEY_REUSED; HANDLER_SWALLOWED_ERROR,
   * HANDLER_TIMED_OUT, OUTBOX_MISSING, ANSWER_TOO_LARGE, RESULT_NOT_SERIALISABLE, STORE_CONFLICT, and STORE_UNAVAILABLE,
   * after which a repeat with the same key finds out what happened. Nothing else is written then.
   */
  run<R>(
    request: OperationRequest,
    handler: OperationHandler<Tx, R>,
    codec?: AnswerCodec<R>,
  ): Promise<OperationOutcome<R>>
  /**
   * Forgets answers that have expired, in bounded transactions one after the other. Resolves to how many, also when
   * `signal` aborts before the last.
   * @throws STORE_UNAVAILABLE
   */
  forgetExpired(options?: { readonly signal?: AbortSignal }): Promise<number>
  /** @throws SCHEMA_MISSING, SCHEMA_OUTDATED, STORE_UNAVAILABLE */
  checkSchema(): Promise<void>
}

/**
 * Creates idempotency over `store`.
 * @throws OPTION_INVALID
 */
export function createIdempotency<Tx>(options: IdempotencyOptions<Tx>): Idempotency<Tx> {
  return new StoredIdempotency(resolveIdempotencyOptions(options))
}

class StoredIdempotency<Tx> extends Emitter<IdempotencyEvents> implements Idempotency<Tx> {
  readonly #options: ResolvedIdempotencyOptions<Tx>

  constructor(options: ResolvedIdempotencyOptions<Tx>) {
    super('idempotency')
    this.#options = options
  }

  get maxAnswerBytes(): number {
    return this.#options.maxAnswerBytes
  }

  async run<R>(
    request: OperationRequest,
    handler: OperationHandler<Tx, R>,
    codec: AnswerCodec<R> = jsonAnswers as AnswerCodec<R>,
  ): Promise<OperationOutcome<R>> {
    const scope = keyScopeOf(request)
    const { operation } = scope
    const fingerprint = fingerprintOf(request.input)
    const work = { scope, fingerprint, handler, codec, signal: request.signal }
    const { tracing } = this.#options
    const started = performance.now()
    try {
      // Most have no tracer, and nothing is put around the attempts for it.
      const { status, result } = await (tracing
        ? traceOperation(tracing, operation, () => this.#attempt(work))
        : this.#attempt(work))
      const durationMs = performance.now() - started
      if (status === 'replayed') this.emit('operation:replayed', { operation })
      else this.emit('operation:answered', { operation, refused: status === 'refused', durationMs })
      return { replayed: status === 'replayed', result }
    } catch (error) {
      if (isRejectionOf(operation, error))
        this.emit('key:rejected', { operation, because: error.code === 'KEY_RUNNING' ? 'running' : 'reused' })
      else this.emit('operation:failed', { operation, error })
      throw error
    }
  }

  forgetExpired({ signal }: { readonly signal?: AbortSignal } = {}): Promise<number> {
    return forgetAnswers(this.#options, signal)
  }

  checkSchema(): Promise<void> {
    return this.#options.store.checkSchema()
  }

  #attempt<R>(work: OperationWork<Tx, R>): Promise<OperationEnd<R>> {
    const { operation } = work.scope
    return retryConflicts(() => runOperation(this.#options, work), {
      retries: this.#options.conflictRetries,
      signal: work.signal,
      retried: (attempt, error) => this.emit('operation:retried', { operation, attempt, error }),
    })
  }
}
