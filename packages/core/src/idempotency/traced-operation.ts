import type { IdempotencyTracing, TracedEnd } from '../ports/tracing.js'
import { isRejectionOf } from './key-rejection.js'
import type { OperationEnd } from './run-operation.js'

type Rejected = Extract<TracedEnd, { readonly status: 'rejected' }>

/** Runs the attempts at an operation in a trace, in which a key that is not let in is no failure. Resolves and rejects as they do. */
export async function traceOperation<R>(
  tracing: IdempotencyTracing,
  operation: string,
  attempts: () => Promise<OperationEnd<R>>,
): Promise<OperationEnd<R>> {
  const end = await tracing.run<OperationEnd<R> | Rejected>(operation, () =>
    attempts().catch((error: unknown): Rejected => {
      if (isRejectionOf(operation, error)) return { status: 'rejected', error }
      throw error
    }),
  )
  if (end.status === 'rejected') throw end.error
  return end
}
