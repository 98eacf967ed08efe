import { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { StoredAnswer } from '../ports/idempotency-store.js'

/** Turns results into stored answers and back. */
export interface AnswerCodec<R> {
  /** What is stored of a result. */
  encode(result: R): StoredAnswer
  /** The result that a repeat gets. */
  decode(answer: StoredAnswer): R
}

/** Results as JSON. `undefined` is stored as nothing at all. */
export const jsonAnswers: AnswerCodec<unknown> = {
  encode(result) {
    const body = result === undefined ? null : new Uint8Array(Buffer.from(toJson(result), 'utf8'))
    return { status: null, headers: null, body }
  },
  decode: ({ body }) => (body === null ? undefined : JSON.parse(Buffer.from(body).toString('utf8'))),
}

function toJson(result: unknown): string {
  let json: string | undefined
  let cause: unknown
  try {
    json = JSON.stringify(result)
  } catch (error) {
    cause = error
  }
  if (json !== undefined) return json
  throw new PigeonholeError('RESULT_NOT_SERIALISABLE', {
    message:
      'The result of an operation cannot be stored as JSON (a cycle, a bigint, a function): return what JSON has a form ' +
      'for, or pass a codec. Nothing of the operation is written',
    details: {},
    cause,
  })
}
