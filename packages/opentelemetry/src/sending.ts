import { context, createContextKey, type Link, ROOT_CONTEXT, SpanKind, TraceFlags } from '@opentelemetry/api'
import { type CapturedRow, headerBytes, type RelayTracing, type SentBatch } from '@pigeonhole/core'
import { operationAttributes, spanName } from './messaging-attributes.js'
import type { SpanMaker } from './open-telemetry-tracing.js'
import { failSpan } from './span-failure.js'
import { readTraceContext } from './trace-headers.js'

// By this name, which makes the key, @opentelemetry/core knows of a context in which no spans are made and no headers written.
const suppressed = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** A span for each batch that is sent, in a trace of its own: its messages come from many. */
export function traceSending({ tracer, conventions }: SpanMaker): RelayTracing {
  return {
    unobserved: (work) => context.with(context.active().setValue(suppressed, true), work),
    sent(batch) {
      const { rows, durationMs, error } = batch
      const topic = commonTopic(rows)
      const end = Date.now()
      const about = {
        kind: SpanKind.CLIENT,
        startTime: end - durationMs,
        attributes: { ...operationAttributes(conventions, 'send', topic), ...batchAttributes(batch) },
        links: rows.flatMap(creationLink),
      }
      const span = tracer.startSpan(spanName('send', topic), about, ROOT_CONTEXT)
      if (error !== undefined) failSpan(span, conventions, { error, time: end })
      span.end(end)
    },
  }
}

function batchAttributes({ relay, shard, rows }: SentBatch): Link['attributes'] {
  return {
    'messaging.batch.message_count': rows.length,
    'pigeonhole.relay': relay,
    'pigeonhole.shard': shard,
  }
}

function commonTopic(rows: readonly CapturedRow[]): string | undefined {
  const [first] = rows
  return rows.every(({ topic }) => topic === first?.topic) ? first?.topic : undefined
}

// An SDK keeps 128 links by default. A creation that was not sampled is in no trace, and must not take the place of one that is.
function creationLink({ id, topic, headers }: CapturedRow): Link[] {
  const creation = readTraceContext((name) => {
    const found = headers.find(([header]) => header === name)
    return found && headerBytes(found).toString('utf8')
  })
  if (!creation || !(creation.traceFlags & TraceFlags.SAMPLED)) return []
  return [
    { context: creation, attributes: { 'messaging.message.id': id, 'messaging.destination.name': topic } },
  ]
}
