import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { PigeonholeError } from '@pigeonhole/core'
import { Hono } from 'hono'
import { type PageOptions, pageApp } from '../page/page-app.js'
import type { Metrics } from './metrics.js'
import type { Readiness } from './readiness.js'

/** Where the health endpoints listen. */
export interface HealthServerOptions {
  readonly host: string
  /** 0 takes any that is free. */
  readonly port: number
  /** Asked at every request for `/readyz`. */
  readonly readiness: () => Readiness
  /** Asked at every request for `/metrics`. */
  readonly metrics: Metrics
  /** Without it there is no page. */
  readonly page?: Omit<PageOptions, 'host'>
}

/** Health endpoints that listen. */
export interface HealthServer {
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves `/healthz` (200: the process is alive), `/readyz` (200 or 503, with {@link Readiness}), `/metrics`, and the page at `/`.
 * @throws OPTION_INVALID when it cannot listen there.
 */
export async function serveHealth(options: HealthServerOptions): Promise<HealthServer> {
  const { host, port, readiness, metrics, page } = options
  const app = new Hono()
    .get('/healthz', (context) => context.json({ alive: true }))
    .get('/readyz', (context) => {
      const answer = readiness()
      return context.json(answer, answer.ready ? 200 : 503)
    })
    .get('/metrics', async (context) => {
      return context.body(await metrics.render(), 200, { 'content-type': metrics.contentType })
    })
  if (page) app.route('/', pageApp({ host, ...page }))
  const server = createServer(getRequestListener(app.fetch))
  server.listen(port, host)
  await once(server, 'listening').catch((cause) => {
    throw notListening(cause, { host, port })
  })
  return { url: urlOf(server), close: () => close(server) }
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

function notListening(
  cause: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): PigeonholeError {
  const { code } = cause as { readonly code?: unknown }
  const inUse = code === 'EADDRINUSE'
  return new PigeonholeError('OPTION_INVALID', {
    message: inUse
      ? `Port ${port} of ${host} is in use by another process: choose another one with --port, 0 for any that is free`
      : `Nothing can listen at ${host}, port ${port} (${String(code)}): choose others with --host and --port`,
    details: { option: inUse ? 'port' : 'host' },
    cause,
  })
}
