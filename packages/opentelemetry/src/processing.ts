import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  trace,
} from '@opentelemetry/api'
import {
  type HandledMessage,
  type HandlerCall,
  headerText,
  type InboxTracing,
  messageIdHeader,
} from '@pigeonhole/core'
import {
  messageAttributes,
  operationAttributes,
  type SpannedMessage,
  spanName,
} from './messaging-attributes.js'
import type { SpanMaker } from './open-telemetry-tracing.js'
import { failSpan } from './span-failure.js'
import { readTraceContext } from './trace-headers.js'

/** A span of a handler whose transaction is under way. */
interface Processing {
  readonly span: Span
  /** When the handler ended, as `performance.now()` told it. */
  endedAt: number | undefined
}

/**
 * A span for each call of a handler, which is active in it. It lasts as long as the handler, and is told how its transaction ended: one
 * without an error has taken effect.
 */
export function traceProcessing(maker: SpanMaker): InboxTracing {
  return {
    async process(inbox, transaction) {
      const calls: Processing[] = []
      try {
        return await transaction((call, handler) => {
          const { span, active } = startProcessing(maker, inbox, call)
          const processing: Processing = { span, endedAt: undefined }
          calls.push(processing)
          const run = (): Promise<unknown> =>
            handler().finally(() => {
              processing.endedAt = performance.now()
            })
          return context.with(active, run) as ReturnType<typeof handler>
        })
      } catch (error) {
        for (const { span, endedAt } of calls) failSpan(span, maker.conventions, { error, time: endedAt })
        throw error
      } finally {
        for (const { span, endedAt } of calls) span.end(endedAt)
      }
    },
  }
}

function startProcessing(
  { tracer, conventions }: SpanMaker,
  inbox: string,
  { messages, isBatch }: HandlerCall,
): { readonly span: Span; readonly active: Context } {
  const linked = messages.map((message) => ({
    message: spannedMessage(message),
    creation: readTraceContext((name) => headerText(message.delivery, name)),
  }))
  const [first] = linked
  const topic = first?.message.topic
  const parent = parentOf(isBatch ? undefined : first?.creation)
  const about = isBatch
    ? { 'messaging.batch.message_count': messages.length, ...partitionOf(first?.message) }
    : first && messageAttributes(conventions, first.message)
  const span = tracer.startSpan(
    spanName('process', topic),
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        ...operationAttributes(conventions, 'process', topic),
        'messaging.consumer.group.name': inbox,
        ...about,
      },
      links: linked.flatMap(({ message, creation }): Link[] =>
        creation ? [{ context: creation, attributes: messageAttributes(conventions, message) }] : [],
      ),
    },
    parent,
  )
  return { span, active: trace.setSpan(parent, span) }
}

// One message alone continues the trace that it was created in, unless it is handled in the course of something else.
function parentOf(creation: SpanContext | undefined): Context {
  const active = context.active()
  return trace.getSpanContext(active) || !creation ? active : trace.setSpanContext(active, creation)
}

// All of a batch are of one.
function partitionOf(message: SpannedMessage | undefined): Attributes {
  const partition = message?.partition
  return partition === undefined ? {} : { 'messaging.destination.partition.id': String(partition) }
}

function spannedMessage({ delivery, identity }: HandledMessage): SpannedMessage {
  const { topic, key, value, partition, offset } = delivery
  // An inbox that goes by positions takes no ids.
  const id = identity.id?.id ?? headerText(delivery, messageIdHeader)
  return { topic, id, key, partition, offset, isTombstone: value === null }
}
