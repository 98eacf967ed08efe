import { randomUUID } from 'node:crypto'
import { type HttpIdempotencyOptions, idempotentHandler, sameJson } from '@pigeonhole/http'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OperationLab, pgKind } from './operation-lab.js'

let lab: OperationLab<pg.ClientBase>
beforeAll(async () => {
  lab = await OperationLab.open(pgKind)
})
afterAll(() => lab[Symbol.asyncDispose]())

type Options = Pick<HttpIdempotencyOptions<pg.ClientBase, Request>, 'bodyInput'>

/** The statuses that bodies get under one key, one after the other. */
async function statusesOf(options: Options, bodies: readonly string[]): Promise<number[]> {
  const handle = idempotentHandler<pg.ClientBase>(
    { idempotency: lab.idempotency(), operation: 'POST /orders', ...options },
    () => new Response('placed', { status: 201 }),
  )
  const headers = { 'idempotency-key': randomUUID() }
  const statuses: number[] = []
  for (const body of bodies) {
    const response = await handle(new Request('http://orders/orders', { method: 'POST', headers, body }))
    statuses.push(response.status)
  }
  return statuses
}

const bodies = ['{"id":1,"lines":[{"a":1,"b":2.0}]}', '{ "lines": [{ "b": 2, "a": 1 }], "id": 1 }']

describe('a repeat whose JSON is written otherwise', () => {
  it('is another request by its bytes', async () => {
    expect(await statusesOf({}, bodies)).toEqual([201, 422])
  })

  it('takes the same JSON for the same request where that is asked for', async () => {
    const others = ['{"id":2,"lines":[{"a":1,"b":2}]}', '{"id":1,"lines":[{"a":1}]}', 'no JSON']
    expect(await statusesOf({ bodyInput: sameJson }, [...bodies, ...others])).toEqual([
      201, 201, 422, 422, 422,
    ])
  })
})
