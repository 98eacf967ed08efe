import { storeHeader, traceparentHeader, tracestateHeader } from '../message/headers.js'
import type { OutboxRow } from '../ports/outbox-store.js'
import type { OutboxTracing, TraceContext } from '../ports/tracing.js'
import { assertSize } from './compose-row.js'

/**
 * `row` with the context of its creation in its headers, the last ones.
 * @throws MESSAGE_TOO_LARGE
 */
export function carryTrace(
  row: OutboxRow,
  context: TraceContext | undefined,
  maxMessageBytes: number,
): OutboxRow {
  if (!context) return row
  const { traceparent, tracestate } = context
  const headers = [...row.headers, storeHeader(traceparentHeader, traceparent)]
  // An empty one says as much as none.
  if (tracestate) headers.push(storeHeader(tracestateHeader, tracestate))
  const traced = { ...row, headers }
  assertSize(traced, maxMessageBytes)
  return traced
}

/** Has each message carry the context that `traceparent` returns, in which it is published, and tells nobody. */
export function carryCurrent(traceparent: () => string | undefined): OutboxTracing {
  const current = (): TraceContext | undefined => {
    const value = traceparent()
    return value === undefined ? undefined : { traceparent: value }
  }
  return { create: (rows, insert) => insert(rows.map(current)) }
}
