import type { Idempotency } from '@pigeonhole/core'
import { failureFields } from './error-fields.js'
import type { Logger } from './logger.js'

/**
 * Writes a line for each event of idempotency keys: what happens all the time as debug, trouble as warn. Keys, tenants, inputs and
 * answers are in none; what a handler throws is told by its code or the name of its class.
 */
export function logIdempotencyEvents(idempotency: Pick<Idempotency<never>, 'on'>, logger: Logger): void {
  idempotency.on('operation:answered', (data) => logger.debug(data, 'operation answered'))
  idempotency.on('operation:replayed', (data) => logger.debug(data, 'operation answered before'))
  idempotency.on('key:rejected', (data) => {
    if (data.because === 'running') return logger.debug(data, 'another attempt runs')
    logger.warn(data, 'a caller sends one key with different requests')
  })
  idempotency.on('operation:retried', ({ error, ...data }) =>
    logger.debug({ ...data, ...failureFields(error) }, 'transaction is tried again'),
  )
  idempotency.on('operation:failed', ({ error, ...data }) =>
    logger.warn({ ...data, ...failureFields(error) }, 'operation has failed'),
  )
}
