import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeCommit } from './http-commit.js'
import { HttpScene, order, problemIn } from './http-scene.js'
import type { HttpKind } from './http-service.js'
import { describeStreams } from './http-streams.js'

/** What each way into HTTP promises, over real sockets. */
export function describeHttp(kind: HttpKind): void {
  describe(`Idempotency-Key through ${kind.name}`, () => {
    let scene: HttpScene
    beforeAll(async () => {
      scene = await HttpScene.open(kind)
    })
    afterAll(() => scene[Symbol.asyncDispose]())

    const opened = (): HttpScene => scene
    const send: HttpScene['send'] = (...request) => scene.send(...request)
    const runsOf = (id: string): number => scene.runsOf(id)

    describeStreams(opened, kind)
    describeCommit(opened, kind)

    it('answers a repeat with the same status, headers and body, and marks it', async () => {
      const asked = order('created')
      const first = await send(asked)
      const again = await send(asked)
      expect(first.status).toBe(201)
      expect(first.headers.get('idempotency-replayed')).toBeNull()
      expect(again.status).toBe(201)
      expect(again.headers.get('idempotency-replayed')).toBe('true')
      expect(again.body).toEqual(first.body)
      expect([...first.body]).toEqual([123, 0, 255, 128, 125])
      for (const name of ['content-type', 'x-request', 'content-length'])
        expect(again.headers.get(name)).toBe(first.headers.get(name))
      expect(runsOf(asked.id)).toBe(1)
      expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 1, messages: 1 })
    })

    it('gives a cookie once, and never stores it', async () => {
      const asked = order('created')
      expect((await send(asked)).headers.getSetCookie()).toEqual(['session=secret'])
      expect((await send(asked)).headers.getSetCookie()).toEqual([])
      const { rows } = await scene.lab.pool.query(
        'SELECT response_headers::text AS headers FROM pigeonhole.idempotency_key',
      )
      expect(JSON.stringify(rows)).not.toContain('secret')
    })

    it('leaves headers of others alone, and stores none of them', async () => {
      const asked = order('created')
      const [first, again] = [await send(asked), await send(asked)]
      expect(first.headers.get('x-upstream')).toMatch(/^[0-9a-f-]{36}$/)
      expect(again.headers.get('x-upstream')).toMatch(/^[0-9a-f-]{36}$/)
      expect(again.headers.get('x-upstream')).not.toBe(first.headers.get('x-upstream'))
      for (const { headers } of [first, again]) expect(headers.get('x-wrapped')).toBe(kind.wrapped)
    })

    it('leaves nothing of an attempt that is done again after a conflict', async () => {
      const asked = order('conflicts')
      for (const replayed of [null, 'true']) {
        const { status, headers, body } = await send(asked)
        expect(status).toBe(201)
        expect(headers.get('x-attempt')).toBeNull()
        expect(headers.get('idempotency-replayed')).toBe(replayed)
        expect([...body]).toEqual([123, 0, 255, 128, 125])
      }
      expect(runsOf(asked.id)).toBe(3)
      expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 1, messages: 1 })
    })

    it('leaves nothing of a branch of an earlier attempt', async () => {
      const asked = order('conflicts behind a branch')
      for (const replayed of [null, 'true']) {
        const { status, headers, body } = await send(asked)
        expect({ status, branch: headers.get('x-branch') }).toEqual({ status: 201, branch: null })
        expect(headers.get('idempotency-replayed')).toBe(replayed)
        expect([...body]).toEqual([123, 0, 255, 128, 125])
      }
      expect(scene.service.branched).toContain(asked.id)
      expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 1, messages: 1 })
    })

    it('has an error answered as if its handler had left no branch behind', async () => {
      const asked = order('throws behind a branch')
      const { status, headers, body } = await send(asked)
      expect(scene.service.branched).toContain(asked.id)
      expect({ status, branch: headers.get('x-branch'), body: String(body) }).toEqual({
        status: 500,
        branch: null,
        body: 'failed',
      })
      expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 0, messages: 0 })
    })

    it('marks a replay itself, and nothing else does', async () => {
      const asked = order('forwards')
      const [first, again] = [await send(asked), await send(asked)]
      expect([first.status, again.status]).toEqual([201, 201])
      expect(first.headers.get('idempotency-replayed')).toBeNull()
      expect(again.headers.get('idempotency-replayed')).toBe('true')
      for (const { headers } of [first, again]) expect(headers.get('pigeonhole-removed')).toBeNull()
      expect(again.headers.get('x-request')).toBe(first.headers.get('x-request'))
    })

    it('leaves out what a handler has taken off its response', async () => {
      const kept = order('created')
      for (const { headers } of [await send(kept), await send(kept)])
        expect(headers.get('x-earlier')).toBe(kind.earlier)
      const asked = order('takes off')
      const [first, again] = [await send(asked), await send(asked)]
      for (const { headers } of [first, again]) {
        expect(headers.get('x-earlier')).toBeNull()
        expect(headers.get('pigeonhole-removed')).toBeNull()
        expect(headers.get('x-upstream')).not.toBeNull()
      }
      expect(again.headers.get('idempotency-replayed')).toBe('true')
    })

    it.each(['NULL', '100'])('makes up no answer where %s is stored as its status', async (status) => {
      const asked = order('created')
      await send(asked)
      await scene.lab.pool.query(
        `UPDATE pigeonhole.idempotency_key SET response_status = ${status} WHERE key = $1`,
        [asked.id],
      )
      const errors: unknown[] = []
      const stopListening = scene.idempotency.on('operation:failed', ({ error }) => errors.push(error))
      const again = await send(asked)
      stopListening()
      expect({ status: again.status, request: again.headers.get('x-request') }).toEqual({
        status: 500,
        request: null,
      })
      expect(errors).toEqual([expect.objectContaining({ code: 'ANSWER_INVALID' })])
      expect(runsOf(asked.id)).toBe(1)
      expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 1, messages: 1 })
    })

    it('answers with a redirection as the framework has it', async () => {
      const asked = order('redirects')
      for (const replayed of [null, 'true']) {
        const { status, headers } = await send(asked)
        expect({
          status,
          to: headers.get('location'),
          replayed: headers.get('idempotency-replayed'),
        }).toEqual({
          status: 302,
          to: '/elsewhere',
          replayed,
        })
      }
    })

    it('answers without a body as well', async () => {
      const asked = order('empty')
      for (const replayed of [null, 'true']) {
        const { status, headers, body } = await send(asked)
        expect({ status, length: body.length, replayed: headers.get('idempotency-replayed') }).toEqual({
          status: 204,
          length: 0,
          replayed,
        })
      }
    })

    it('reads the key as a structured field and bare, which are the same', async () => {
      const asked = order('created')
      expect((await send(asked, `"${asked.id}"`)).headers.get('idempotency-replayed')).toBeNull()
      expect((await send(asked, asked.id)).headers.get('idempotency-replayed')).toBe('true')
      expect((await send(asked, `"${asked.id}";v=1`)).headers.get('idempotency-replayed')).toBe('true')
      const other = order('created')
      const odd = `a"b\\${other.id}`
      expect((await send(other, odd)).headers.get('idempotency-replayed')).toBeNull()
      const escaped = `"${odd.replaceAll(/["\\]/g, '\\$&')}"`
      expect((await send(other, escaped)).headers.get('idempotency-replayed')).toBe('true')
    })

    it.each([
      ['no key', null, 'KEY_MISSING'],
      ['an empty key', '""', 'KEY_INVALID'],
      ['a key with spaces', 'a b', 'KEY_INVALID'],
      ['a key that is too long', 'x'.repeat(256), 'KEY_INVALID'],
      ['half a structured field', '"abc', 'KEY_INVALID'],
      ['a quotation mark', '"', 'KEY_INVALID'],
      ['more behind a structured field', '"abc"def', 'KEY_INVALID'],
      ['two structured fields', '"abc", "abc"', 'KEY_INVALID'],
      ['a quotation mark that is not escaped', '"ab"c"', 'KEY_INVALID'],
      ['an escape that there is not', '"ab\\c"', 'KEY_INVALID'],
      ['a key that begins with a quotation mark', '"\\"abc\\""', 'KEY_INVALID'],
    ])('refuses %s with 400', async (_, key, code) => {
      const asked = order('created')
      const { status, headers, body } = await send(asked, key)
      expect(status).toBe(400)
      expect(headers.get('content-type')).toBe('application/problem+json')
      expect(JSON.parse(String(body))).toEqual({
        type: expect.stringContaining(code.toLowerCase()),
        title: expect.any(String),
        status: 400,
        detail: expect.any(String),
        code,
      })
      expect(runsOf(asked.id)).toBe(0)
    })

    it('answers 409 with Retry-After while another request with the key runs, which it does not disturb', async () => {
      const asked = order('waits')
      const running = send(asked)
      await expect.poll(() => runsOf(asked.id)).toBe(1)
      const { status, headers, body } = await send(asked)
      expect(status).toBe(409)
      expect(headers.get('retry-after')).toBe('1')
      expect(JSON.parse(String(body))).toMatchObject({ code: 'KEY_RUNNING' })
      scene.service.open(asked.id)
      expect((await running).status).toBe(201)
      expect((await send(asked)).headers.get('idempotency-replayed')).toBe('true')
    })

    it.each([
      ['another body', { padding: 'other' }],
      ['another query', { path: '/orders?dry=1' }],
    ])('answers 422 to %s under the same key', async (_, other) => {
      const asked = order('created')
      await send(asked)
      const { status, body } = await send(asked, asked.id, other)
      expect(status).toBe(422)
      expect(JSON.parse(String(body))).toMatchObject({ code: 'KEY_REUSED' })
      expect(runsOf(asked.id)).toBe(1)
    })

    it('never gives one tenant the answer to another one', async () => {
      const key = randomUUID()
      const mine = await send(order('created'), key, { tenant: 'a' })
      const others = await send(order('created'), key, { tenant: 'b' })
      expect([mine.status, others.status]).toEqual([201, 201])
      expect(others.headers.get('idempotency-replayed')).toBeNull()
      expect(others.headers.get('x-request')).not.toBe(mine.headers.get('x-request'))
    })

    it('refuses a caller whose tenant is not known, instead of taking it for the one that all share', async () => {
      const asked = order('created')
      expect((await send(asked, asked.id, { tenant: 'unknown' })).status).toBe(500)
      expect(runsOf(asked.id)).toBe(0)
    })

    it('stores what is refused with 4xx, without its effects', async () => {
      const asked = order('refused')
      const first = await send(asked)
      const again = await send(asked)
      expect([first.status, again.status]).toEqual([409, 409])
      expect(again.headers.get('x-request')).toBe(first.headers.get('x-request'))
      expect(again.headers.get('idempotency-replayed')).toBe('true')
      expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 0, messages: 0 })
    })

    it.each([
      ['a 5xx', 'broken', 503],
      ['a throw', 'throws', 500],
      ['an error that is sent later', 'throws later', 500],
    ] as const)('leaves no trace of %s: the repeat runs', async (_, then, status) => {
      const asked = order(then)
      expect((await send(asked)).status).toBe(status)
      expect((await send(asked)).status).toBe(status)
      expect(runsOf(asked.id)).toBe(2)
      expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 0, messages: 0 })
    })

    it('refuses a body that is too large with 413, before anything else', async () => {
      const asked = order('created')
      expect((await send(asked, asked.id, { padding: 'x'.repeat(10_001) })).status).toBe(413)
      expect(runsOf(asked.id)).toBe(0)
    })

    it('does what a client has asked for that does not wait for the answer, and answers its repeat', async () => {
      const asked = order('waits')
      const leaving = new AbortController()
      const body = JSON.stringify({ ...asked, padding: '' })
      const headers = { 'content-type': 'application/json', 'x-tenant': '', 'idempotency-key': asked.id }
      const left = fetch(`${scene.server.url}/orders`, {
        method: 'POST',
        headers,
        body,
        signal: leaving.signal,
      })
      await expect.poll(() => runsOf(asked.id)).toBe(1)
      leaving.abort()
      await expect(left).rejects.toThrow()
      scene.service.open(asked.id)
      await expect.poll(async () => (await send(asked)).headers.get('idempotency-replayed')).toBe('true')
      expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 1, messages: 1 })
    })

    it('waits for a handler that sends later than it returns', async () => {
      const asked = order('sends later')
      const [first, again] = [await send(asked), await send(asked)]
      expect([first.status, again.status]).toEqual([201, 201])
      expect([...first.body]).toEqual([123, 0, 255, 128, 125])
      expect(again.headers.get('idempotency-replayed')).toBe('true')
      expect(again.body).toEqual(first.body)
      expect(runsOf(asked.id)).toBe(1)
    })

    it('stores no header of one connection, nor one that Connection names, and every cookie goes out once', async () => {
      const asked = order('of the hop')
      const [first, again] = [await send(asked), await send(asked)]
      expect(first.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
      expect(again.headers.getSetCookie()).toEqual([])
      expect(again.headers.get('x-request')).toBe(first.headers.get('x-request'))
      for (const name of ['x-hop', 'proxy-authenticate']) expect(again.headers.get(name)).toBeNull()
      expect(again.headers.get('connection')).not.toContain('X-Hop')
      const { rows } = await scene.lab.pool.query(
        'SELECT response_headers AS headers FROM pigeonhole.idempotency_key WHERE key = $1',
        [asked.id],
      )
      const stored = rows[0].headers.map(([name]: readonly [string]) => name).sort()
      expect(stored).toEqual(['content-type', 'x-request'])
    })
  })

  describe(`a handler of ${kind.name} whose time is up`, () => {
    let scene: HttpScene
    beforeAll(async () => {
      // All of a request is bounded by it, also what comes before its handler, which may take its time on a busy machine.
      scene = await HttpScene.open(kind, { timeoutMs: 4_000 })
    })
    afterAll(() => scene[Symbol.asyncDispose]())

    it('commits nothing where the handler has returned without an answer', async () => {
      const asked = order('returns nothing')
      const errors: unknown[] = []
      const stopListening = scene.idempotency.on('operation:failed', ({ error }) => errors.push(error))
      expect((await scene.send(asked)).status).toBe(kind.unanswered === 'ANSWER_MISSING' ? 500 : 503)
      stopListening()
      expect(errors).toEqual([expect.objectContaining({ code: kind.unanswered })])
      expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 0, messages: 0 })
    })

    it('is answered with 503, and has left no branch behind that could answer', async () => {
      const asked = order('waits behind a branch')
      const late = await scene.send(asked)
      expect(scene.service.branched).toEqual([asked.id])
      expect({ status: late.status, branch: late.headers.get('x-branch') }).toEqual({
        status: 503,
        branch: null,
      })
      expect(late.headers.get('content-type')).toBe('application/problem+json')
      expect(problemIn(late)).toMatchObject({ code: 'HANDLER_TIMED_OUT' })
    })

    it('is answered with 503, and what it still sends is nobody’s', async () => {
      const asked = order('waits')
      const late = await scene.send(asked)
      expect(late.status).toBe(503)
      expect(problemIn(late)).toMatchObject({ code: 'HANDLER_TIMED_OUT' })
      scene.service.open(asked.id)
      expect((await scene.sendUntilLetIn(order('created'))).status).toBe(201)
      expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 0, messages: 0 })
    })
  })
}
