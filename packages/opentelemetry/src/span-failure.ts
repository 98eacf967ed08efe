import { type Span, SpanStatusCode, type TimeInput } from '@opentelemetry/api'
import { isPigeonholeError } from '@pigeonhole/core'
import type { Conventions } from './messaging-attributes.js'

/** What an operation failed for, and when. */
export interface Failure {
  readonly error: unknown
  /** @default now */
  readonly time?: TimeInput | undefined
}

/** Says of a span that its operation has failed, and what for. */
export function failSpan(
  span: Span,
  { errorMessages }: Pick<Conventions, 'errorMessages'>,
  { error, time }: Failure,
): void {
  span.setAttribute('error.type', errorType(error))
  const words = errorMessages || isOurs(error) ? wordsOf(error) : undefined
  span.setStatus({ code: SpanStatusCode.ERROR, ...(words !== undefined && { message: words }) })
  if (errorMessages) span.recordException(error instanceof Error ? error : (words ?? ''), time)
}

// Our words never quote a value, but those that a handler gives to park.
function isOurs(error: unknown): boolean {
  return isPigeonholeError(error) && !isPigeonholeError(error, 'PARK_REQUESTED')
}

// Few enough to group by: a code, an SQLSTATE, or a class. An error may have anything as one, also a text that quotes a message.
const codeForm = /^[A-Z0-9_]{1,64}$/

function errorType(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER'
  const { code, name } = error as { readonly code?: unknown; readonly name: unknown }
  return [isText(code) && codeForm.test(code) && code, error.constructor?.name, name].find(isText) ?? '_OTHER'
}

function wordsOf(error: unknown): string | undefined {
  const words: unknown = error instanceof Error ? error.message : error
  return isText(words) ? words : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
