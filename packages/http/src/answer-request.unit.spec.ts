import {
  type Idempotency,
  type OperationContext,
  type OperationHandler,
  PigeonholeError,
} from '@pigeonhole/core'
import { expect, it } from 'vitest'
import { answerRequest } from './answer-request.js'
import { type HttpAnswer, httpAnswers } from './http-answer.js'

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

const answer = (handle: () => Promise<HttpAnswer>): Promise<HttpAnswer> => {
  const idempotency = { maxAnswerBytes: 100, run } as unknown as Idempotency<never>
  return answerRequest(
    {
      idempotency,
      operation: 'POST /orders',
      tenant: () => '',
      bodyInput: (body: Uint8Array) => body,
      answers: httpAnswers({ operation: 'POST /orders', unstored: [] }),
    } as never,
    { request: {}, keyed },
    handle,
  )
}

it.each([0, 99, 102, 600, 200.5, Number.NaN])(
  'status %s is no answer: nothing is committed',
  async (status) => {
    const answering = answer(async () => ({ status, headers: [], body: new Uint8Array() }))
    await expect(answering).rejects.toMatchObject({ code: 'ANSWER_INVALID', details: { status } })
  },
)

const throwing = (code: 'KEY_REUSED' | 'STORE_CONFLICT') => async (): Promise<never> => {
  throw new PigeonholeError(code, { message: code, details: { operation: 'charge' } } as never)
}

it('an operation that the handler asked for is refused: the caller is not told that its own key was', async () => {
  await expect(answer(throwing('KEY_REUSED'))).rejects.toMatchObject({ code: 'KEY_REUSED' })
})

it('a store that fails its handler fails the request', async () => {
  expect(await answer(throwing('STORE_CONFLICT'))).toMatchObject({ status: 503 })
})
