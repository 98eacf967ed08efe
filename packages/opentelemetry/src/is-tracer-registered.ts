import { ProxyTracerProvider, trace } from '@opentelemetry/api'

/** Whether an SDK has registered a tracer provider with this copy of the API: without one, spans are nobody's. */
export function isTracerRegistered(): boolean {
  const provider = trace.getTracerProvider()
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer('pigeonhole') !== undefined
}
