import type { DueMessage, InboxFailure } from '@pigeonhole/core'
import { base64OrNull } from '../base64.js'
import { noRow, type Statement } from '../statement.js'
import { isKey, isOf } from './own.js'
import { startsOf } from './starts.js'

/** A parked message that has failed again. */
export interface NoteFailureParams {
  readonly inbox: string
  readonly due: DueMessage
  readonly failure: InboxFailure & { readonly waits: boolean }
}

/**
 * Notes why a message has failed again. Its claim says already when it is tried next, unless that is an operator's to say. Unless that
 * is why, it has not killed its process: the starts that were left before, over all the time that it is tried again, were another's
 * doing.
 */
export const noteFailure: Statement<NoteFailureParams, null> = {
  name: 'parked_inbox.note_failure',
  text: (schema) => `
    WITH noted AS (
      UPDATE ${schema}.parked_message AS message
      SET error_code = $5::text, error = $6::text, attempts = $7::int, starts = $9::int,
        retry_at = CASE WHEN NOT $8::boolean THEN retry_at END
      WHERE ${isOf('message')} AND message.id = $4::bigint
    )
    UPDATE ${schema}.parked_key AS blocked
    SET error_code = $5::text, error = $6::text, starts = $9::int,
      retry_at = CASE WHEN NOT $8::boolean THEN retry_at END
    WHERE ${isKey('blocked')}`,
  bind: ({ inbox, due: { place, message }, failure }) => [
    inbox,
    message.topic,
    base64OrNull(message.key),
    place,
    failure.code,
    failure.error,
    failure.attempts,
    failure.waits,
    startsOf(failure),
  ],
  decode: noRow,
}
