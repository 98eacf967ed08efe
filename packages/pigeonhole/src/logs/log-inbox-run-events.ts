import type { InboxRun } from '@pigeonhole/kafkajs'
import { errorFields, failureFields } from './error-fields.js'
import type { Logger } from './logger.js'

/**
 * Writes a line for each event of what `runInbox` resolves to: what happens all the time as debug, changes as info, trouble as warn or
 * error. What a handler throws is told by its code or the name of its class.
 */
export function logInboxRunEvents(run: Pick<InboxRun, 'on'>, logger: Logger): void {
  logPartitions(run, logger)
  logHousekeeping(run, logger)
  run.on('consumer:crashed', ({ error, restartMs }) =>
    logger.error({ restartMs, ...errorFields(error) }, 'the consumer has crashed'),
  )
  run.on('readiness:changed', ({ ready, reason, message }) => {
    if (ready) return logger.info({ ready }, 'the consumer handles messages')
    logger.warn({ ready, reason, error: message }, 'the consumer handles no messages')
  })
}

function logPartitions(run: Pick<InboxRun, 'on'>, logger: Logger): void {
  run.on('group:joined', ({ memberId, partitions }) => logger.info({ memberId, partitions }, 'group joined'))
  run.on('partition:claimed', ({ nextOffset, soughtFrom, ...place }) =>
    logger.info(
      { ...place, nextOffset: text(nextOffset), soughtFrom: text(soughtFrom) },
      'partition claimed',
    ),
  )
  run.on('partition:careful', ({ offset, ...data }) =>
    logger.warn({ ...data, offset: text(offset) }, 'processes have died here: one message at a time'),
  )
  run.on('partition:lost', ({ reason, ...place }) =>
    logger.info({ ...place, ...failureFields(reason) }, 'partition lost'),
  )
  run.on('partition:held', ({ offset, error, delayMs, ...data }) =>
    logger.warn(
      { ...data, offset: text(offset), delayMs: Math.round(delayMs), ...failureFields(error) },
      'partition is held',
    ),
  )
  run.on('partition:released', ({ offset, ...data }) =>
    logger.info({ ...data, offset: text(offset) }, 'partition goes on'),
  )
}

function logHousekeeping(run: Pick<InboxRun, 'on'>, logger: Logger): void {
  run.on('parked:delayed', ({ error, delayMs }) =>
    logger.warn({ delayMs: Math.round(delayMs), ...failureFields(error) }, 'parked messages have to wait'),
  )
  run.on('ids:forgotten', (data) => logger.debug(data, 'old ids forgotten'))
  run.on('ids:delayed', ({ error, delayMs }) =>
    logger.warn(
      { delayMs: Math.round(delayMs), ...errorFields(error) },
      'old ids cannot be forgotten for now',
    ),
  )
  run.on('retention:short', ({ error, ...data }) =>
    logger.warn({ ...data, ...errorFields(error) }, 'a topic keeps messages longer than the inbox their ids'),
  )
  run.on('retention:unknown', ({ error }) =>
    logger.warn(errorFields(error), 'Kafka does not tell how long topics keep messages'),
  )
  run.on('offsets:committed', ({ offsets }) =>
    logger.debug({ partitions: offsets.length }, 'offsets committed'),
  )
  run.on('offsets:refused', ({ error }) =>
    logger.warn(errorFields(error), 'Kafka has not taken the offsets of the group'),
  )
}

// Not every log has a form for a bigint.
function text(offset: bigint | undefined): string | undefined {
  return offset === undefined ? undefined : String(offset)
}
