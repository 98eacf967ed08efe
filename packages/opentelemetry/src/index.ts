export { isTracerRegistered } from './is-tracer-registered.js'
export { type OpenTelemetryOptions, openTelemetryTracing } from './open-telemetry-tracing.js'
