import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serveHealth } from './health-server.js'
import type { Readiness } from './readiness.js'

const metrics = { contentType: 'text/plain; version=0.0.4', render: async () => 'up 1\n' }

async function serve(readiness: () => Readiness) {
  const server = await serveHealth({ host: '127.0.0.1', port: 0, readiness, metrics })
  onTestFinished(() => server.close())
  return server
}

const ready: Readiness = { ready: true, shards: [{ shard: 0, state: 'publishing' }] }
const unready: Readiness = { ready: false, shards: [{ shard: 0, state: 'waiting' }], reason: 'TOPIC_MISSING' }

describe('serveHealth', () => {
  it.each([
    [ready, 200],
    [unready, 503],
  ])('answers /readyz with what it is asked at that time: %j', async (readiness, status) => {
    const { url } = await serve(() => readiness)
    const answer = await fetch(`${url}/readyz`)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toContain('application/json')
    expect(await answer.json()).toEqual(readiness)
  })

  it('answers /healthz whatever the readiness, and nothing else', async () => {
    const { url } = await serve(() => unready)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    expect((await fetch(`${url}/`)).status).toBe(404)
  })

  it('answers /metrics with the text of the moment', async () => {
    const { url } = await serve(() => unready)
    const answer = await fetch(`${url}/metrics`)
    expect(answer.headers.get('content-type')).toContain('version=0.0.4')
    expect(await answer.text()).toBe('up 1\n')
  })

  it('is closed although a client keeps its connection', async () => {
    const server = await serveHealth({ host: '127.0.0.1', port: 0, metrics, readiness: () => ready })
    await fetch(`${server.url}/healthz`)
    await server.close()
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
  })

  it('names the port that is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await expect(
      serveHealth({ host: '127.0.0.1', port, metrics, readiness: () => ready }),
    ).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining(`Port ${port} of 127.0.0.1 is in use`),
      details: { option: 'port' },
    })
  })

  it('names an address that is not its own', async () => {
    await expect(
      serveHealth({ host: '192.0.2.1', port: 0, metrics, readiness: () => ready }),
    ).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('192.0.2.1'),
      details: { option: 'host' },
    })
  })
})
