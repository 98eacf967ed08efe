import { type AnswerCodec, headerBytes, type StoredAnswer, storeHeader } from '@pigeonhole/core'

/** An answer of HTTP, whole. */
export interface HttpAnswer {
  readonly status: number
  /** In their order, names in lower case, as often as they come. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

/** What marks an answer that was stored before. */
export const replayedHeader = 'idempotency-replayed'

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

/**
 * Answers as they are stored: status, headers and body, byte for byte, but for the headers of one connection or moment and those
 * of `unstored`.
 */
export function httpAnswers(unstored: readonly string[]): AnswerCodec<HttpAnswer> {
  const left = new Set([...ofTheMoment, ...unstored.map((name) => name.toLowerCase())])
  return {
    encode: ({ status, headers, body }) => {
      const named = new Set(headers.flatMap(namedByConnection))
      const stored = headers.filter(([name]) => !left.has(name) && !named.has(name))
      return { status, headers: stored.map(([name, value]) => storeHeader(name, value)), body }
    },
    decode: ({ status, headers, body }: StoredAnswer) => ({
      status: status ?? 200,
      headers: (headers ?? []).map((header) => [header[0], headerBytes(header).toString('utf8')] as const),
      body: body ?? new Uint8Array(),
    }),
  }
}
