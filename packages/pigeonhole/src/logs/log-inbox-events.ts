import type { Inbox, MessagePlace } from '@pigeonhole/core'
import { failureFields } from './error-fields.js'
import type { Logger } from './logger.js'

/**
 * Writes a line for each event of an inbox: what happens all the time as debug, changes as info, trouble as warn or error. What a
 * handler throws is told by its code or the name of its class: its words may quote the message.
 */
export function logInboxEvents(inbox: Pick<Inbox<never>, 'on'>, logger: Logger): void {
  inbox.on('message:handled', ({ idMissing, durationMs, ...place }) =>
    logger.debug({ ...placeFields(place), idMissing, durationMs }, 'message handled'),
  )
  inbox.on('message:deduplicated', ({ by, ...place }) =>
    logger.debug({ ...placeFields(place), by }, 'message had taken effect before'),
  )
  inbox.on('message:retried', ({ attempt, error, ...place }) =>
    logger.debug({ ...placeFields(place), attempt, ...failureFields(error) }, 'transaction is tried again'),
  )
  inbox.on('message:failed', ({ error, ...place }) =>
    logger.warn({ ...placeFields(place), ...failureFields(error) }, 'message has failed'),
  )
  inbox.on('message:parked', ({ because, attempts, error, ...place }) => {
    if (because === 'key') return logger.debug(placeFields(place), 'message parked behind another')
    logger.error(
      { ...placeFields(place), attempts, ...failureFields(error) },
      'message cannot be handled: it is parked',
    )
  })
  inbox.on('message:unparked', (place) => logger.info(placeFields(place), 'parked message is done'))
  inbox.on('key:unblocked', (data) => logger.info(data, 'nothing of a key is parked any more'))
}

// Not every log has a form for a bigint.
function placeFields({ offset, ...place }: MessagePlace): object {
  return { ...place, offset: offset === undefined ? undefined : String(offset) }
}
