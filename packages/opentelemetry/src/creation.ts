import { type Span, SpanKind } from '@opentelemetry/api'
import type { OutboxRow, OutboxTracing } from '@pigeonhole/core'
import { messageAttributes, operationAttributes, spanName } from './messaging-attributes.js'
import type { SpanMaker } from './open-telemetry-tracing.js'
import { failSpan } from './span-failure.js'
import { toTraceContext } from './trace-headers.js'

/** A span for each message that is published, a child of the active one, from before its INSERT to behind it. */
export function traceCreation(maker: SpanMaker): OutboxTracing {
  return {
    async create(rows, insert) {
      const spans = rows.map((row) => startCreation(maker, row))
      try {
        return await insert(spans.map((span) => toTraceContext(span.spanContext())))
      } catch (error) {
        for (const span of spans) failSpan(span, maker.conventions, { error })
        throw error
      } finally {
        for (const span of spans) span.end()
      }
    },
  }
}

function startCreation({ tracer, conventions }: SpanMaker, row: OutboxRow): Span {
  const { topic, id, key, partition, payload } = row
  const message = {
    topic,
    id,
    key,
    partition: partition ?? undefined,
    offset: undefined,
    isTombstone: payload === null,
  }
  return tracer.startSpan(spanName('create', topic), {
    kind: SpanKind.PRODUCER,
    attributes: {
      ...operationAttributes(conventions, 'create', topic),
      ...messageAttributes(conventions, message),
    },
  })
}
