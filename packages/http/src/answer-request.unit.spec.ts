import type { Idempotency, OperationContext, OperationHandler } from '@pigeonhole/core'
import { expect, it } from 'vitest'
import { answerRequest } from './answer-request.js'
import { httpAnswers } from './http-answer.js'

const keyed = {
  method: 'POST',
  target: '/orders',
  header: () => 'key-1',
  body: new Uint8Array(),
}

// What the handler throws leaves the transaction.
const run = async <R>(_: unknown, handler: OperationHandler<never, R>) => ({
  replayed: false,
  result: await handler({} as OperationContext<never>),
})

it.each([0, 99, 102, 600, 200.5, Number.NaN])(
  'status %s is no answer: nothing is committed',
  async (status) => {
    const idempotency = { maxAnswerBytes: 100, run } as unknown as Idempotency<never>
    const answering = answerRequest(
      {
        idempotency,
        operation: 'POST /orders',
        tenant: () => '',
        bodyInput: (body: Uint8Array) => body,
        answers: httpAnswers([]),
      } as never,
      { request: {}, keyed },
      async () => ({ status, headers: [], body: new Uint8Array() }),
    )
    await expect(answering).rejects.toThrow(`answered with status ${status}`)
  },
)
