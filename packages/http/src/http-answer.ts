import { type AnswerCodec, headerBytes, type StoredAnswer, storeHeader } from '@pigeonhole/core'
import { assertStored } from './answer-errors.js'

/** An answer of HTTP, whole. */
export interface HttpAnswer {
  readonly status: number
  /** In their order, names in lower case, as often as they come. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  /** Names of headers that others had set before the handler, and that it has taken off the response. */
  readonly removed?: readonly string[]
}

/** What marks an answer that was stored before. */
export const replayedHeader = 'idempotency-replayed'

// Where the names of what was removed are stored. Sent to nobody.
const removedHeader = 'pigeonhole-removed'

const ours: ReadonlySet<string> = new Set([replayedHeader, removedHeader])

/** A handler's answer without the headers that are ours to set: what it had from another server says nothing of this one. */
export function withoutOurs(answer: HttpAnswer): HttpAnswer {
  return { ...answer, headers: answer.headers.filter(([name]) => !ours.has(name)) }
}

// Of one connection (RFC 9110, 7.6.1), or of one moment: the server makes them anew for each answer.
const ofTheMoment: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

// A header may be of one connection because `Connection` says so (RFC 9110, 7.6.1).
function namedByConnection([name, value]: readonly [string, string]): string[] {
  return name === 'connection' ? value.split(',').map((one) => one.trim().toLowerCase()) : []
}

/** How answers are stored. */
export interface StoredAnswers {
  readonly operation: string
  /** Names of headers that are left out. */
  readonly unstored: readonly string[]
}

/**
 * Answers as they are stored: status, headers and body, byte for byte, but for the headers of one connection or moment and those
 * of `unstored`. What is stored and is no answer of HTTP is ANSWER_INVALID: none is made up.
 */
export function httpAnswers({ operation, unstored }: StoredAnswers): AnswerCodec<HttpAnswer> {
  const left = new Set([...ofTheMoment, ...unstored.map((name) => name.toLowerCase())])
  return {
    encode: ({ status, headers, body, removed = [] }) => {
      const named = new Set(headers.flatMap(namedByConnection))
      const sent = headers.filter(([name]) => !left.has(name) && !named.has(name))
      const stored = [...sent, ...removed.map((name) => [removedHeader, name] as const)]
      return { status, headers: stored.map(([name, value]) => storeHeader(name, value)), body }
    },
    decode: ({ status, headers, body }: StoredAnswer) => {
      assertStored(status, operation)
      const stored = (headers ?? []).map(
        (header) => [header[0], headerBytes(header).toString('utf8')] as const,
      )
      const removed = stored.filter(([name]) => name === removedHeader).map(([, value]) => value)
      return withoutOurs({ status, headers: stored, body: body ?? new Uint8Array(), removed })
    },
  }
}
