export { type OpenTelemetryOptions, openTelemetryTracing } from '@pigeonhole/opentelemetry'
