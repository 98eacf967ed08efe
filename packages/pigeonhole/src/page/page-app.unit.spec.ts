import { describe, expect, it } from 'vitest'
import type { PageState } from './browser/page-state.js'
import { pageApp } from './page-app.js'

const state: PageState = {
  name: 'orders',
  worker: 'host:7',
  decides: false,
  now: 0,
  shards: [],
  found: null,
  failure: null,
  lags: null,
  lagsFailure: null,
  ages: [],
  rates: [],
  totalRates: [],
}

async function ask(path: string, { host = '127.0.0.1', asked = '127.0.0.1:9090' } = {}): Promise<Response> {
  return pageApp({ host, state: () => state }).request(`http://${asked}${path}`)
}

describe('the page', () => {
  it.each([
    ['/', 'text/html; charset=utf-8'],
    ['/page/page.css', 'text/css; charset=utf-8'],
    ['/page/main.js', 'text/javascript; charset=utf-8'],
    ['/api/state', 'application/json'],
  ])('answers %s as %s, under a policy that lets nothing in from elsewhere', async (path, type) => {
    const answer = await ask(path)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe(type)
    expect(answer.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('answers with the state of the moment, which nobody keeps', async () => {
    const answer = await ask('/api/state')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.json()).toEqual(state)
  })

  it.each(['/page/tsconfig.json', '/page/../package.json', '/page/%2e%2e/index.html', '/page/.tsbuildinfo'])(
    'has no %s',
    async (path) => {
      expect((await ask(path)).status).toBe(404)
    },
  )

  it.each(['/', '/page/main.js', '/api/state'])(
    'refuses %s to who asks this machine by a name of another',
    async (path) => {
      for (const asked of ['evil.example:9090', '127.0.0.1.evil.example', 'localhost.evil.example'])
        expect((await ask(path, { asked })).status).toBe(403)
      for (const asked of ['localhost:9090', '[::1]:9090', '127.0.0.1'])
        expect((await ask(path, { asked })).status).toBe(200)
    },
  )

  it('is asked by any name where it listens for others', async () => {
    expect((await ask('/', { host: '0.0.0.0', asked: 'worker-1.internal' })).status).toBe(200)
  })

  it.each(['POST', 'PUT', 'DELETE'])('changes nothing: it has no %s', async (method) => {
    const app = pageApp({ host: '127.0.0.1', state: () => state })
    expect((await app.request('http://127.0.0.1/api/state', { method })).status).toBe(404)
  })
})
