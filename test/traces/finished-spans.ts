import { type Span, trace } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import { eventually } from '../run-inbox/events.js'

const exporter = new InMemorySpanExporter()

/** Registers OpenTelemetry's SDK for this process, as a service does, and keeps what it is told. */
export function registerSdk(): void {
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()
}

export function forgetSpans(): void {
  exporter.reset()
}

/** Those that have ended, in the order of their ends. */
export function allSpans(): ReadableSpan[] {
  return exporter.getFinishedSpans()
}

/** Those that have ended, by their name, in the order of their ends. */
export function spansNamed(name: string): ReadableSpan[] {
  return allSpans().filter((span) => span.name === name)
}

/** Resolves to them once there are `count`. */
export async function finished(name: string, count = 1): Promise<readonly [ReadableSpan, ...ReadableSpan[]]> {
  await eventually(() => spansNamed(name).length).toBe(count)
  return spansNamed(name) as [ReadableSpan, ...ReadableSpan[]]
}

/** Runs `work` in a span of the service's own. */
export function inSpan<R>(name: string, work: (span: Span) => Promise<R>): Promise<R> {
  return trace.getTracer('service').startActiveSpan(name, (span) => work(span).finally(() => span.end()))
}

/** A span as a link or a child names it. */
export function placeOf(span: ReadableSpan): { readonly traceId: string; readonly spanId: string } {
  const { traceId, spanId } = span.spanContext()
  return { traceId, spanId }
}

/** What the links of a span name. */
export function linkedPlaces({
  links,
}: ReadableSpan): { readonly traceId: string; readonly spanId: string }[] {
  return links.map(({ context: { traceId, spanId } }) => ({ traceId, spanId }))
}
