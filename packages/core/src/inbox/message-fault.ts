import type { ErrorCode } from '../errors/error-codes.js'
import { isPigeonholeError } from '../errors/pigeonhole-error.js'
import type { InboxFailure } from '../ports/inbox-parking.js'
import { isSchemaRefusal } from './decode-message.js'

// The database, the consumer, the set-up of the service: another message would have fared no better.
const faultsOfOthers: readonly ErrorCode[] = [
  'STORE_CONFLICT',
  'STORE_UNAVAILABLE',
  'STORE_ACCESS_DENIED',
  'STORE_STANDBY',
  'SCHEMA_MISSING',
  'SCHEMA_OUTDATED',
  'PARTITION_LOST',
  'POSITION_NOT_IN_LOG',
  'POSITION_LOST',
  'TOPIC_RECREATED',
  'POSITION_MISSING',
  'DEADLINE_EXCEEDED',
  'OUTBOX_MISSING',
  'PARKED_KEY_FULL',
]

/** Whether an error counts as a failed attempt at its message: not what the database, or the consumer, is to blame for. */
export function isMessageFault(error: unknown): boolean {
  return !isPigeonholeError(error, ...faultsOfOthers)
}

/** Whether another attempt would end alike: the handler says so, or the topic's schema has refused the value. */
export function parksAtOnce(error: unknown): boolean {
  return waitsForOperator(error) || isSchemaRefusal(error)
}

/** Whether a message is handled again only when an operator says so. */
export function waitsForOperator(error: unknown): boolean {
  return isPigeonholeError(error, 'PARK_REQUESTED', 'MESSAGE_KILLS_PROCESS')
}

const longestCode = 100
const longestText = 1_000

/** What is stored of an error. Its message is the handler's own: it is cut, and never logged. */
export function failureOf(error: unknown, attempts: number): InboxFailure {
  // An error may have anything as its code, its name and its message.
  const { code, name, message } = (error ?? {}) as Readonly<Record<'code' | 'name' | 'message', unknown>>
  const isError = error instanceof Error
  return {
    code: stored([code, isError && name].find(isText) ?? 'Error', longestCode),
    error: stored(
      isError ? (isText(message) ? message : '') : 'Something was thrown that is no error',
      longestText,
    ),
    attempts,
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

// PostgreSQL's text has no U+0000, and half of a surrogate pair has no UTF-8 form.
function stored(text: string, longest: number): string {
  return text.slice(0, longest).replaceAll('\0', '\ufffd').toWellFormed()
}
