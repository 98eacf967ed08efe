import { createTraceState, isSpanContextValid, type SpanContext } from '@opentelemetry/api'
import { type TraceContext, traceparentHeader, tracestateHeader } from '@pigeonhole/core'

// A version that is not known yet may have more behind a dash, and is read as far as it is known.
const form =
  /^(?<version>(?!ff)[0-9a-f]{2})-(?<traceId>[0-9a-f]{32})-(?<spanId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(?<more>-.*)?$/

/** The W3C form of a span's place in its trace; undefined where the span is in none. */
export function toTraceContext(context: SpanContext): TraceContext | undefined {
  if (!isSpanContextValid(context)) return undefined
  const { traceId, spanId, traceFlags, traceState } = context
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
  const tracestate = traceState?.serialize()
  return tracestate ? { traceparent, tracestate } : { traceparent }
}

/** The place in a trace that headers name; undefined where they name none. */
export function readTraceContext(header: (name: string) => string | undefined): SpanContext | undefined {
  const { version, traceId, spanId, flags, more } = form.exec(header(traceparentHeader) ?? '')?.groups ?? {}
  if (!traceId || !spanId || !flags || (version === '00' && more)) return undefined
  const tracestate = header(tracestateHeader)
  const context = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(tracestate && { traceState: createTraceState(tracestate) }),
  }
  return isSpanContextValid(context) ? context : undefined
}
