import { context, type Span, SpanKind, trace } from '@opentelemetry/api'
import type { IdempotencyTracing, TracedEnd } from '@pigeonhole/core'
import type { SpanMaker } from './open-telemetry-tracing.js'
import { failSpan } from './span-failure.js'

/**
 * A span for each operation that is run, a child of the active one, and active while it runs. Of what the operation is asked for with and
 * answers it has nothing: keys, tenants, inputs and answers may be secrets.
 */
export function traceRunning({ tracer, conventions }: SpanMaker): IdempotencyTracing {
  return {
    async run(operation, work) {
      const span = tracer.startSpan(`run ${operation}`, {
        kind: SpanKind.INTERNAL,
        attributes: { 'pigeonhole.operation': operation },
      })
      try {
        const end = await context.with(trace.setSpan(context.active(), span), work)
        tellEnd(span, end)
        return end
      } catch (error) {
        failSpan(span, conventions, { error })
        throw error
      } finally {
        span.end()
      }
    },
  }
}

// A key that is not let in is the caller's to hear of: the operation has not failed.
function tellEnd(span: Span, end: TracedEnd): void {
  if (end.status === 'rejected') span.setAttribute('error.type', end.error.code)
  else span.setAttribute('pigeonhole.replayed', end.status === 'replayed')
}
