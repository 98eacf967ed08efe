import { PigeonholeError } from '@pigeonhole/core'
import type pg from 'pg'

type Query = (...request: unknown[]) => unknown

/**
 * Lends `client` to `work`. What `work` has left running when it settles is refused from then on: the connection goes back
 * to its pool, where a late statement would commit by itself, or with a transaction of somebody else's.
 */
export async function lendClient<R>(
  client: pg.ClientBase,
  work: (lent: pg.ClientBase) => Promise<R>,
): Promise<R> {
  let isOver = false
  const send = client.query as Query
  const query: Query = (...request) => (isOver ? refuse(request.at(-1)) : send.apply(client, request))
  const lent = new Proxy(client, {
    get: (target, property) => (property === 'query' ? query : Reflect.get(target, property)),
  })
  try {
    return await work(lent)
  } finally {
    isOver = true
  }
}

// As node-postgres refuses: by a callback if there is one.
function refuse(callback: unknown): Promise<never> | undefined {
  const error = transactionOver()
  if (typeof callback !== 'function') return Promise.reject(error)
  process.nextTick(callback, error)
  return undefined
}

function transactionOver(): PigeonholeError {
  return new PigeonholeError('OUTSIDE_TRANSACTION', {
    message:
      'The transaction that this client was given for has ended, and a statement came after it: await everything that ' +
      'a handler begins before it ends, also when one part fails (Promise.allSettled instead of Promise.all)',
    details: {},
  })
}
