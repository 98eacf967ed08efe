import { Hono, type MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { actionsApp } from './actions-app.js'
import type { PageState } from './browser/page-state.js'
import { isLoopback } from './loopback.js'
import { readPageFiles } from './page-files.js'
import type { ParkedActions } from './parked-actions.js'

/** What a page needs. */
export interface PageOptions {
  /** Where its server listens. */
  readonly host: string
  /** Asked at every request for `/api/state`. */
  readonly state: () => PageState
  /** What the page may do, and the token that it takes. Without it the page changes nothing. */
  readonly decisions?: { readonly actions: ParkedActions; readonly token: string } | undefined
}

const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  // The worker speaks no TLS: whoever puts it behind TLS decides on this.
  strictTransportSecurity: false,
})

/** The worker's page: `/`, its files below `/page/`, and what it shows at `/api/state`. */
export function pageApp({ host, state, decisions }: PageOptions): Hono {
  const app = new Hono()
  const files = readPageFiles()
  const named = namedAs(host)
  for (const [path, { type, text }] of files)
    app.get(path, headers, named, (context) => {
      return context.body(text, 200, { 'content-type': type, 'cache-control': 'no-cache' })
    })
  app.get('/api/state', headers, named, (context) => {
    return context.json(state(), 200, { 'cache-control': 'no-store' })
  })
  if (decisions) {
    app.use('/api/parked/*', headers, named)
    app.route('/api/parked', actionsApp(decisions.actions, decisions.token))
  }
  return app
}

/**
 * Refuses who asks a server of this machine by a name of another: a site that has its own name point here, to read what its
 * visitors' browsers can reach (DNS rebinding).
 */
function namedAs(host: string): MiddlewareHandler {
  return async (context, next) => {
    if (isLoopback(host) && !isLoopback(new URL(context.req.url).hostname))
      return context.text('This address is for this machine: ask for it as localhost or 127.0.0.1.\n', 403)
    await next()
  }
}
