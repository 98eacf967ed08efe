import { isPigeonholeError, type PigeonholeError } from '@pigeonhole/core'
import type { HttpAnswer } from './http-answer.js'

/** What a caller is told of an error. */
interface Problem {
  readonly status: number
  readonly title: string
  readonly detail: string
  /** After so many seconds the same request may be sent again. */
  readonly retryAfter?: number
}

/**
 * The answer of `application/problem+json` (RFC 9457) to an error of ours, or undefined to one that is the handler's own.
 * Nothing in it tells of the server's inside.
 */
export function problemOf(error: unknown): HttpAnswer | undefined {
  if (!isPigeonholeError(error)) return undefined
  const problem = problems[error.code]
  return problem && answerOf(error, problem)
}

/** Whether an error says that the request cannot be answered as it is: its key, or its body. */
export function tellsOfRequest(error: unknown): boolean {
  return isPigeonholeError(error, 'KEY_MISSING', 'KEY_INVALID', 'KEY_RUNNING', 'KEY_REUSED', 'BODY_TOO_LARGE')
}

const problems: Readonly<Partial<Record<PigeonholeError['code'], Problem>>> = {
  KEY_MISSING: {
    status: 400,
    title: 'Idempotency-Key is missing',
    detail:
      'Send the header Idempotency-Key: a key for this operation, chosen before the first attempt, the same for each repeat.',
  },
  KEY_INVALID: {
    status: 400,
    title: 'Idempotency-Key is invalid',
    detail:
      'A key has 1 to 255 visible ASCII characters, of which the first is no quotation mark. Send it once, bare or in quotation marks, with a ' +
      'backslash before each quotation mark and backslash in it then. A random UUID does.',
  },
  KEY_RUNNING: {
    status: 409,
    title: 'A request with this Idempotency-Key is being processed',
    detail: 'Send the same request again later: it gets the answer of the one that runs.',
    retryAfter: 1,
  },
  KEY_REUSED: {
    status: 422,
    title: 'Idempotency-Key is already used',
    detail: 'This key was used with another request. Another operation has to have a key of its own.',
  },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large', detail: 'Send less.' },
  STORE_UNAVAILABLE: {
    status: 503,
    title: 'The outcome is not known',
    detail: 'Send the same request with the same key again later: it finds out what has happened.',
    retryAfter: 1,
  },
  STORE_CONFLICT: {
    status: 503,
    title: 'Nothing was done',
    detail: 'Send the same request with the same key again later.',
    retryAfter: 1,
  },
  HANDLER_TIMED_OUT: {
    status: 503,
    title: 'Nothing was done in time',
    detail: 'Send the same request with the same key again later.',
    retryAfter: 1,
  },
}

function answerOf({ code }: PigeonholeError, { status, title, detail, retryAfter }: Problem): HttpAnswer {
  const type = `https://github.com/pigeonhole-ts/pigeonhole/blob/main/docs/errors.md#${code.toLowerCase()}`
  const retry = retryAfter === undefined ? [] : [['retry-after', String(retryAfter)] as const]
  return {
    status,
    headers: [['content-type', 'application/problem+json'], ['cache-control', 'no-store'], ...retry],
    body: new TextEncoder().encode(JSON.stringify({ type, title, status, detail, code })),
  }
}
