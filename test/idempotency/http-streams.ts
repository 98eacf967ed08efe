import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { type HttpScene, order } from './http-scene.js'
import type { HttpKind } from './http-service.js'

/** Bodies that come in parts, either way. */
export function describeStreams(opened: () => HttpScene, { refusesEarly }: HttpKind): void {
  describe('a body', () => {
    it.each(['streams', 'streams as the web does'] as const)(
      'that %s is answered and replayed as a whole',
      async (then) => {
        const scene = opened()
        const asked = order(then)
        const [first, again] = [await scene.send(asked), await scene.send(asked)]
        expect(first.status).toBe(201)
        expect(first.body).toEqual(
          Buffer.concat(Array.from({ length: 20 }, (_, i) => Buffer.alloc(1_000, i))),
        )
        expect(again.headers.get('idempotency-replayed')).toBe('true')
        expect(again.body).toEqual(first.body)
        expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 1, messages: 1 })
      },
    )

    it('that never ends is given up at the limit, and leaves no trace', async () => {
      const scene = opened()
      const asked = order('never ends')
      const errors: unknown[] = []
      const stopListening = scene.idempotency.on('operation:failed', ({ error }) => errors.push(error))
      expect((await scene.send(asked)).status).toBe(500)
      stopListening()
      expect(errors).toEqual([
        expect.objectContaining({
          code: 'ANSWER_TOO_LARGE',
          details: { operation: 'POST /orders', bytes: 60_000, maxBytes: 50_000 },
        }),
      ])
      await expect.poll(() => scene.service.streams.every(({ destroyed }) => destroyed)).toBe(true)
      expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 0, messages: 0 })
    })

    it('that breaks off leaves no trace: the repeat runs', async () => {
      const scene = opened()
      const asked = order('breaks off')
      expect((await scene.send(asked)).status).toBe(500)
      expect((await scene.send(asked)).status).toBe(500)
      expect(scene.runsOf(asked.id)).toBe(2)
      expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 0, messages: 0 })
    })

    it('of a request that is too large is refused with 413, and is not kept while it comes', async () => {
      const scene = opened()
      const asked = order('created')
      const url = `${scene.server.url}/orders`
      const { status, uploading } = await upload(url, asked.id, { chunks: refusesEarly ? 20_000 : 2_000 })
      expect(status).toBe(413)
      expect(uploading).toBe(refusesEarly)
      expect(scene.runsOf(asked.id)).toBe(0)
    })
  })
}

interface Upload {
  readonly status: number
  /** Whether the answer came before the end of the body. */
  readonly uploading: boolean
}

// Uploads for as long as no answer has come, or as many chunks of 1,000 bytes.
async function upload(url: string, key: string, { chunks }: { readonly chunks: number }): Promise<Upload> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key }
  const request = httpRequest(url, { method: 'POST', headers })
  const response = once(request, 'response') as Promise<[IncomingMessage]>
  const chunk = Buffer.alloc(1_000, 'x')
  let sent = 0
  const send = (): void => {
    if (++sent > chunks) request.end()
    else request.write(chunk, (error) => error ?? send())
  }
  send()
  try {
    const [{ statusCode = 0 }] = await response
    return { status: statusCode, uploading: !request.writableEnded }
  } finally {
    request.on('error', () => undefined).destroy()
  }
}
