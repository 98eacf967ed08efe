import { PigeonholeError } from '@pigeonhole/core'

/** Statuses whose answers have no body. */
export const bodiless: ReadonlySet<number> = new Set([204, 205, 304])

/**
 * Holds what a handler answers to a status that HTTP can send: another one would be committed, and then sent to nobody, at each repeat.
 * @throws ANSWER_INVALID
 */
export function assertSendable(status: number, operation: string): void {
  if (isSendable(status)) return
  throw new PigeonholeError('ANSWER_INVALID', {
    message:
      `The handler of ${operation} answered with status ${status}, and an answer has one from 200 to 599: answer with ` +
      'such a one. Nothing of the operation is written',
    details: { operation, status },
  })
}

/** @throws ANSWER_INVALID where what is stored is no answer of HTTP. */
export function assertStored(status: number | null, operation: string): asserts status is number {
  if (status !== null && isSendable(status)) return
  throw new PigeonholeError('ANSWER_INVALID', {
    message:
      `The stored answer of ${operation} has status ${status}, and one of HTTP has a status from 200 to 599: it was stored without HTTP, by ` +
      'idempotency.run under the same operation and key, or changed in the table idempotency_key. The operation has been done, and is not done ' +
      'again. Give what runs without HTTP an operation name of its own',
    details: { operation, status },
  })
}

/** The error of a handler that has come to its end without an answer. `how` says what it may do instead. */
export function answerMissing(operation: string, how: string): PigeonholeError<'ANSWER_MISSING'> {
  return new PigeonholeError('ANSWER_MISSING', {
    message: `The handler of ${operation} has returned nothing, and answered nothing: ${how}. Nothing of the operation is written`,
    details: { operation },
  })
}

function isSendable(status: number): boolean {
  return Number.isInteger(status) && status >= 200 && status <= 599
}
