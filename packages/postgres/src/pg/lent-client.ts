import { PigeonholeError } from '@pigeonhole/core'
import type pg from 'pg'
import type { TransactionFrame } from './transaction-frame.js'

type Query = (...request: unknown[]) => unknown

/** A query of a class of its own, as pg-cursor's is. */
interface OwnQuery {
  handleError(error: unknown, connection: unknown): void
}

const frames = new WeakMap<object, TransactionFrame>()

/** What begins and ends the transaction that `client` was lent for; undefined where it was not lent. */
export function frameOf(client: pg.ClientBase): TransactionFrame | undefined {
  return frames.get(client)
}

/**
 * Lends `client` to `work`. What `work` has left running when it settles is refused from then on: the connection goes back
 * to its pool, where a late statement would commit by itself, or with a transaction of somebody else's. Nor can `work` give
 * it back.
 *
 * A statement that does not take the opening of `frame` along waits for it: nothing is sent before the transaction has begun, nor behind
 * what closes it.
 */
export async function lendClient<R>(
  client: pg.ClientBase,
  frame: TransactionFrame,
  work: (lent: pg.ClientBase) => Promise<R>,
): Promise<R> {
  const { opening, closing } = frame
  let isOver = false
  const send = client.query as Query
  const query: Query = (...request) => {
    if (isOver || closing.isTaken) return fail(request, transactionOver(), client)
    return opening.isSent ? send.apply(client, request) : beginFirst(request)
  }
  const beginFirst = (request: unknown[]): unknown => {
    const sent = opening.begin().then(
      () => query(...request),
      (error: unknown) => fail(request, error, client),
    )
    return isPromised(request) ? sent : ownQueryIn(request)
  }
  const lent = new Proxy(client, {
    get: (target, property) => {
      if (property === 'query') return query
      return property === 'release' || property === 'end' ? refuseEnd : Reflect.get(target, property)
    },
  })
  frames.set(lent, frame)
  try {
    return await work(lent)
  } finally {
    isOver = true
  }
}

// As node-postgres fails: by a callback if there is one, by the query itself where it is of a class of its own.
function fail(request: readonly unknown[], error: unknown, client: pg.ClientBase): unknown {
  const own = ownQueryIn(request)
  const callback = callbackIn(request)
  if (own) process.nextTick(() => own.handleError(error, (client as Partial<pg.Client>).connection))
  else if (callback) process.nextTick(callback, error)
  else return Promise.reject(error)
  return own
}

function isPromised(request: readonly unknown[]): boolean {
  return ownQueryIn(request) === undefined && callbackIn(request) === undefined
}

function ownQueryIn([first]: readonly unknown[]): OwnQuery | undefined {
  const { submit } = (first ?? {}) as { readonly submit?: unknown }
  return typeof submit === 'function' ? (first as OwnQuery) : undefined
}

function callbackIn(request: readonly unknown[]): ((error: unknown) => void) | undefined {
  const last = request.at(-1)
  return typeof last === 'function' ? (last as (error: unknown) => void) : undefined
}

// Given back now, the connection would be somebody else's in the middle of this transaction.
function refuseEnd(): never {
  throw new PigeonholeError('OUTSIDE_TRANSACTION', {
    message:
      'release() or end() was called on the client that a handler was given, whose transaction is still open: leave it out, Pigeonhole ' +
      'commits and gives the client back when the handler is done',
    details: {},
  })
}

function transactionOver(): PigeonholeError {
  return new PigeonholeError('OUTSIDE_TRANSACTION', {
    message:
      'The transaction that this client was given for has ended, and a statement came after it: await everything that ' +
      'a handler begins before it ends, also when one part fails (Promise.allSettled instead of Promise.all)',
    details: {},
  })
}
