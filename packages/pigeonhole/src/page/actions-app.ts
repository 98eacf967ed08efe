import { isPigeonholeError } from '@pigeonhole/core'
import { Hono, type MiddlewareHandler } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import { bodyLimit } from 'hono/body-limit'
import type { ParkedRef } from './browser/parked-lot.js'
import type { ParkedActions } from './parked-actions.js'
import { troubleOf } from './trouble.js'

const idRule = /^[1-9]\d{0,18}$/
const mostBytes = 65_536

/** What is done on behalf of a page: below `/api/parked`, by POST, with the token, for the page of this server alone. */
export function actionsApp(actions: ParkedActions, token: string): Hono {
  const app = new Hono()
  app.use(sameOrigin, bearerAuth({ token }), asJson, bodyLimit({ maxSize: mostBytes }))
  app.post('/lot', async (context) => {
    const ref = refOf(await context.req.json())
    return ref ? context.json({ lot: await actions.readLot(ref) }) : context.body(null, 400)
  })
  app.post('/payload', async (context) => {
    const ref = refOf(await context.req.json())
    return ref ? context.json({ payload: await actions.readPayload(ref) }) : context.body(null, 400)
  })
  app.post('/retry', async (context) => {
    const ref = refOf(await context.req.json())
    return ref ? context.json({ done: await actions.retry(ref) }) : context.body(null, 400)
  })
  app.post('/discard', async (context) => {
    const lot = lotOf(await context.req.json())
    return lot ? context.json({ done: await actions.discard(lot.inbox, lot.ids) }) : context.body(null, 400)
  })
  app.onError((error, context) => {
    if ('getResponse' in error && error.getResponse instanceof Function) return error.getResponse()
    if (error instanceof SyntaxError) return context.body(null, 400)
    return context.json(troubleOf(error), isPigeonholeError(error) ? 409 : 500)
  })
  return app
}

/** Refuses what another site's page asks for. The token keeps it out already: this one holds where somebody has typed it there. */
const sameOrigin: MiddlewareHandler = async (context, next) => {
  const origin = context.req.header('origin')
  const site = context.req.header('sec-fetch-site') ?? 'same-origin'
  const isForeign = origin !== undefined && origin.replace(/^https?:\/\//, '') !== context.req.header('host')
  if (isForeign || site !== 'same-origin') return context.body(null, 403)
  await next()
}

// Of other types, a browser sends some without asking first.
const asJson: MiddlewareHandler = async (context, next) => {
  if (context.req.header('content-type') !== 'application/json') return context.body(null, 415)
  await next()
}

function refOf(body: unknown): ParkedRef | null {
  const { inbox, id } = (body ?? {}) as Readonly<Record<string, unknown>>
  return isInbox(inbox) && isId(id) ? { inbox, id } : null
}

function lotOf(body: unknown): { readonly inbox: string | null; readonly ids: readonly string[] } | null {
  const { inbox, ids } = (body ?? {}) as Readonly<Record<string, unknown>>
  // No ids would be no condition, and mean all that is parked.
  return isInbox(inbox) && Array.isArray(ids) && ids.length > 0 && ids.every(isId) ? { inbox, ids } : null
}

function isInbox(given: unknown): given is string | null {
  return given === null || (typeof given === 'string' && given !== '')
}

function isId(given: unknown): given is string {
  return typeof given === 'string' && idRule.test(given)
}
