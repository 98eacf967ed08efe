import type { Monitor } from '@pigeonhole/core'
import { errorFields } from './error-fields.js'
import type { Logger } from './logger.js'

/** Writes a line for what a monitor has to warn of. What it measures is in the metrics. */
export function logMonitorEvents(monitor: Pick<Monitor, 'on'>, logger: Logger): void {
  monitor.on('xid:held', (holder) =>
    logger.warn(
      holder,
      'a long transaction keeps PostgreSQL from removing deleted messages: end it, or find out why it is open',
    ),
  )
  monitor.on('xid:released', ({ kind, pid, name, xid }) =>
    logger.info({ kind, pid, name, xid }, 'the long transaction is over'),
  )
  // Whoever needs the database warns of it.
  monitor.on('outbox:unmeasured', ({ error }) => logger.debug(errorFields(error), 'outbox not measured'))
}
