import { type Tracer, type TracerProvider, trace } from '@opentelemetry/api'
import { assertKnownOptions, type Tracing } from '@pigeonhole/core'
import { traceCreation } from './creation.js'
import type { Conventions } from './messaging-attributes.js'
import { traceProcessing } from './processing.js'
import { traceRunning } from './running.js'
import { traceSending } from './sending.js'

/** What {@link openTelemetryTracing} takes. */
export interface OpenTelemetryOptions {
  /** Where spans come from. @default the provider that an SDK has registered, also one that does so later */
  readonly tracerProvider?: TracerProvider
  /** `messaging.system`: of an inbox that gets its deliveries from another system than Kafka. @default 'kafka' */
  readonly system?: string
  /** Whether spans name the keys of messages, where these are text. Keys may be personal data. @default false */
  readonly messageKeys?: boolean
  /**
   * Whether spans have the words and the stack of each error. Those of handlers, codecs, schemas and databases may quote a message.
   * Without it they have the words of Pigeonhole's own errors, and the code or class of all. @default false
   */
  readonly errorMessages?: boolean
}

/** Who makes the spans, and by which conventions. */
export interface SpanMaker {
  readonly tracer: Tracer
  readonly conventions: Conventions
}

/**
 * Tells OpenTelemetry of messages, by its conventions for messaging: a span for the creation of each, for each batch that a relay
 * sends, and for each call of a handler; and of each operation that is run under an idempotency key. One for an outbox, a relay, an
 * inbox and idempotency. Where no SDK is registered nothing is told.
 * @throws OPTION_INVALID
 */
export function openTelemetryTracing(options: OpenTelemetryOptions = {}): Tracing {
  assertKnownOptions('openTelemetryTracing', options, [
    'tracerProvider',
    'system',
    'messageKeys',
    'errorMessages',
  ])
  const { tracerProvider = trace, system = 'kafka', messageKeys = false, errorMessages = false } = options
  const maker = {
    tracer: tracerProvider.getTracer('pigeonhole'),
    conventions: { system, messageKeys, errorMessages },
  }
  return {
    ...traceCreation(maker),
    ...traceSending(maker),
    ...traceProcessing(maker),
    ...traceRunning(maker),
  }
}
