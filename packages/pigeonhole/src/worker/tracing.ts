import { PigeonholeError, type RelayTracing } from '@pigeonhole/core'
import type { Logger } from '../logs/logger.js'

/**
 * What a worker tells of its batches by. It is loaded only where it is wanted, since the API of OpenTelemetry need not be there.
 * @throws OPTION_INVALID where it is not
 */
export async function workerTracing(logger: Logger): Promise<RelayTracing> {
  const { isTracerRegistered, openTelemetryTracing } = await import('@pigeonhole/opentelemetry').catch(refuse)
  if (!isTracerRegistered())
    logger.warn(
      {},
      'traces are wanted, and no SDK of OpenTelemetry has registered a tracer provider: nobody is told. Have Node load what ' +
        "starts it (NODE_OPTIONS='--import ./otel.mjs'), by the same copy of @opentelemetry/api",
    )
  return openTelemetryTracing()
}

function refuse(cause: unknown): never {
  throw new PigeonholeError('OPTION_INVALID', {
    message:
      'Setting traces takes OpenTelemetry, which cannot be loaded: npm install @opentelemetry/api, or leave it out',
    details: { option: 'traces' },
    cause,
  })
}
