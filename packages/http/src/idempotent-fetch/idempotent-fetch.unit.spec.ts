import { getEventListeners } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { idempotentFetch } from './idempotent-fetch.js'
import type { IdempotentFetchOptions } from './idempotent-fetch-options.js'
import type { KeptKey } from './operation-key.js'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

let server: Server
let url: string
/** What the server answers, in turn; the last one for ever. */
let script: Answer[]
let keys: (string | undefined)[]
let bodies: string[]

beforeEach(async () => {
  keys = []
  bodies = []
  server = createServer(async (request, response) => {
    keys.push(request.headers['idempotency-key'] as string | undefined)
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(body)
    const answer = script.length > 1 ? script.shift() : script[0]
    answer?.(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end(String(code))
const cut: Answer = (_, request) => request.socket.destroy()

const backoff = { initialMs: 1, maxMs: 2 }
const post = { method: 'POST', body: '{"id":1}' }
const send = (options: IdempotentFetchOptions = {}, init: RequestInit = post) =>
  idempotentFetch(url, init, { backoff, ...options })

describe('a request', () => {
  it.each([200, 201, 301, 400, 404, 409, 422, 501])(
    'is sent once where it is answered with %d',
    async (code) => {
      script = [status(code)]
      const response = await send({}, { ...post, redirect: 'manual' })
      expect(response.status).toBe(code)
      expect(await response.text()).toBe(String(code))
      expect(keys).toHaveLength(1)
    },
  )

  it.each([408, 425, 429, 500, 502, 503, 504])(
    'is repeated with the same key and body after %d',
    async (code) => {
      script = [status(code), status(code), status(201)]
      expect((await send()).status).toBe(201)
      expect(keys).toHaveLength(3)
      expect(new Set(keys).size).toBe(1)
      expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
      expect(new Set(bodies)).toEqual(new Set([post.body]))
    },
  )

  it('is repeated where no answer came, and where the first attempt still runs', async () => {
    script = [cut, status(409, { 'retry-after': '0' }), status(201)]
    expect((await send({ key: 'mine' })).status).toBe(201)
    expect(keys).toEqual(['mine', 'mine', 'mine'])
  })

  it.each([409, 429, 503])('is not repeated after %d that was stored: it is the outcome', async (code) => {
    script = [status(code, { 'retry-after': '0', 'idempotency-replayed': 'true' }), status(201)]
    expect((await send()).status).toBe(code)
    expect(keys).toHaveLength(1)
  })

  it('that is not answered in time is repeated', async () => {
    script = [() => undefined, status(201)]
    expect((await send({ attemptTimeoutMs: 50 })).status).toBe(201)
    expect(keys).toHaveLength(2)
  })

  it('is the same to the byte where it is a form', async () => {
    script = [status(503), status(201)]
    const form = new FormData()
    form.set('a', 'b')
    expect((await send({}, { method: 'POST', body: form })).status).toBe(201)
    expect(bodies[0]).toContain('form-data')
    expect(bodies[1]).toBe(bodies[0])
  })

  it('is repeated where the connection breaks behind a 503', async () => {
    const broken: Answer = (response) => {
      response.writeHead(503, { 'content-length': '10' }).write('12345')
      setImmediate(() => response.destroy())
    }
    script = [broken, status(201)]
    expect((await send()).status).toBe(201)
  })

  // Nobody else has its key: what the operation was answered could not be asked for again.
  it('whose answer comes in part only is repeated', async () => {
    const broken: Answer = (response) => {
      response.writeHead(201, { 'content-length': '10' }).write('12345', () => response.destroy())
    }
    const stalled: Answer = (response) => response.writeHead(201).write('12345')
    script = [broken, stalled, status(201, { 'idempotency-replayed': 'true' })]
    const response = await send({ attemptTimeoutMs: 500 })
    expect(await response.text()).toBe('201')
    expect(response.headers.get('idempotency-replayed')).toBe('true')
    expect(new Set(keys).size).toBe(1)
    expect(keys).toHaveLength(3)
  })

  it('is not sent under a key that is none', async () => {
    script = [status(201)]
    for (const key of [undefined, null, '', 'a b', '"a"'])
      await expect(send({ key: key as string })).rejects.toMatchObject({ details: { option: 'key' } })
    const headers = { 'idempotency-key': 'mine' }
    await expect(send({}, { ...post, headers })).rejects.toMatchObject({ details: { option: 'headers' } })
    expect(keys).toEqual([])
  })

  it('that fetch would not send is not taken for one that got no answer', async () => {
    let tries = 0
    const counted: typeof fetch = (...request) => {
      tries += 1
      return fetch(...request)
    }
    const options = { backoff, fetch: counted }
    await expect(idempotentFetch('/orders', post, options)).rejects.toThrow('Failed to parse URL')
    await expect(idempotentFetch(url, { body: 'x' }, options)).rejects.toThrow('cannot have body')
    expect(tries).toBe(0)
  })

  it('has another key the next time, and keeps other headers', async () => {
    script = [status(201)]
    await send({}, { ...post, headers: { 'x-tenant': 'a' } })
    await send()
    expect(new Set(keys).size).toBe(2)
  })
})

describe('giving up', () => {
  it('resolves to the last answer, or rejects with the last error of the network', async () => {
    script = [status(503)]
    expect((await send({ attempts: 3 })).status).toBe(503)
    expect(keys).toHaveLength(3)
    script = [cut]
    await expect(send({ attempts: 2 })).rejects.toThrow('fetch failed')
    expect(keys).toHaveLength(5)
  })

  it('is at once where the server asks for too long a pause', async () => {
    script = [status(503, { 'retry-after': '61' })]
    expect((await send()).status).toBe(503)
    expect(keys).toHaveLength(1)
    script = [status(503, { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() })]
    expect((await send()).status).toBe(503)
    expect(keys).toHaveLength(2)
  })

  it('is at once when the caller aborts, also in a pause', async () => {
    const abort = new AbortController()
    script = [
      (response) => {
        response.writeHead(503, { 'retry-after': '30' }).end()
        response.once('close', () => abort.abort(new Error('the caller has gone')))
      },
    ]
    await expect(send({}, { ...post, signal: abort.signal })).rejects.toThrow('the caller has gone')
    expect(keys).toHaveLength(1)
  })

  it('is before the first attempt where the body could be sent once only', async () => {
    const body = new Blob(['x']).stream()
    await expect(send({}, { method: 'POST', body, duplex: 'half' } as RequestInit)).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      details: { option: 'body' },
    })
    await expect(send({ attempts: 0 })).rejects.toMatchObject({ details: { option: 'attempts' } })
    expect(keys).toEqual([])
  })
})

describe('a key in a store', () => {
  const hour = 3_600_000
  const kept = new Map<string, KeptKey>()
  const store = {
    keep: async (operation: string, fresh: KeptKey) => {
      if (!kept.has(operation)) kept.set(operation, fresh)
      return kept.get(operation) as KeptKey
    },
  }
  beforeEach(() => kept.clear())

  it('is one for each operation, whoever asks for it', async () => {
    script = [status(503), status(201)]
    for (const operation of ['order of cart 7', 'order of cart 8', 'order of cart 7'])
      await send({ key: { operation, store } })
    const [first, again, eight, seven] = keys
    expect([again, seven]).toEqual([first, first])
    expect(eight).not.toBe(first)
    expect(kept.get('order of cart 7')?.key).toBe(first)
  })

  it('is not sent where the server may have forgotten it', async () => {
    script = [status(201)]
    const operation = 'order of cart 7'
    kept.set(operation, { key: 'old', madeAt: Date.now() - 25 * hour })
    const error = { code: 'KEY_EXPIRED', details: { keyLifeMs: 24 * hour } }
    await expect(send({ key: { operation, store } })).rejects.toMatchObject(error)
    expect(keys).toEqual([])
    await send({ key: { operation, store }, keyLifeMs: 26 * hour })
    expect(keys).toEqual(['old'])
  })

  it('becomes too old between two attempts as well', async () => {
    const [operation, madeAt] = ['order of cart 7', Date.now()]
    // The first answer comes when the key has grown too old, however long that takes here.
    const clock = vi.spyOn(Date, 'now').mockReturnValue(madeAt + 24 * hour - 1)
    onTestFinished(() => clock.mockRestore())
    const late: Answer = (...asked) => {
      clock.mockReturnValue(madeAt + 24 * hour + 1)
      status(503)(...asked)
    }
    script = [late, status(201)]
    kept.set(operation, { key: 'old', madeAt })
    await expect(send({ key: { operation, store } })).rejects.toMatchObject({ code: 'KEY_EXPIRED' })
    expect(keys).toEqual(['old'])
  })

  it.each([
    ['is none', { key: 'a b', madeAt: 0 }],
    ['has no age', { key: 'a', madeAt: Number.NaN }],
    ['was made in a time to come', { key: 'a', madeAt: Date.now() * 1_000 }],
  ])('that %s is refused', async (_, wrong) => {
    script = [status(201)]
    const key = { operation: 'x', store: { keep: async () => wrong } }
    await expect(send({ key })).rejects.toMatchObject({ code: 'OPTION_INVALID', details: { option: 'key' } })
    expect(keys).toEqual([])
  })

  it('has to live for all attempts of a call', async () => {
    script = [status(201)]
    const longest = { attempts: 3, attemptTimeoutMs: 1_000, maxRetryAfterMs: 500 }
    await expect(send({ ...longest, keyLifeMs: 3_999 })).rejects.toMatchObject({
      details: { option: 'keyLifeMs' },
    })
    expect(keys).toEqual([])
    await send({ ...longest, keyLifeMs: 4_000 })
    expect(keys).toHaveLength(1)
  })
})

describe("a caller's signal", () => {
  const { signal } = new AbortController()
  const listeners = () => getEventListeners(signal, 'abort').length

  it('has nothing left on it of attempts that came to nothing', async () => {
    script = [cut, status(503), cut, status(503), status(204)]
    expect((await send({}, { ...post, signal })).status).toBe(204)
    expect(keys).toHaveLength(5)
    expect(listeners()).toBe(0)
    script = [cut]
    await expect(send({ attempts: 2 }, { ...post, signal })).rejects.toThrow('fetch failed')
    expect(listeners()).toBe(0)
  })

  it('ends an answer that is there in part', async () => {
    const caller = new AbortController()
    script = [
      (response) =>
        response.writeHead(201).write('part', () => caller.abort(new Error('the caller has gone'))),
    ]
    await expect(send({}, { ...post, signal: caller.signal })).rejects.toThrow('the caller has gone')
    expect(keys).toHaveLength(1)
    expect(getEventListeners(caller.signal, 'abort')).toEqual([])
  })
})
