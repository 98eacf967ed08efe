import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js'

describe('a proxy for any server', () => {
  let server: Server
  let proxy: TcpProxy
  const accepted: Socket[] = []

  beforeEach(async () => {
    server = createServer((socket) => {
      accepted.push(socket)
      socket.on('error', () => undefined)
      socket.on('data', (bytes) => socket.write(bytes))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    proxy = await startTcpProxy({ target: `127.0.0.1:${(server.address() as AddressInfo).port}` })
  })
  afterEach(async () => {
    await proxy.stop()
    for (const socket of accepted.splice(0)) socket.destroy()
    server.close()
  })

  async function client(): Promise<Socket> {
    const socket = connect(proxy.port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }

  /** Whether it was closed by an error. `once` would reject on it. */
  function closeOf(socket: Socket): Promise<boolean> {
    return new Promise((resolve) => socket.once('close', resolve))
  }

  async function echo(socket: Socket, text: string): Promise<string> {
    const answer = once(socket, 'data')
    socket.write(text)
    return String((await answer)[0])
  }

  /** Resolves once everything that a socket was sent before has been passed on, or swallowed. */
  async function afterEverythingBefore(): Promise<void> {
    await echo(await client(), 'sentinel')
  }

  it('carries bytes both ways, and a close', async () => {
    const socket = await client()
    expect(await echo(socket, 'hello')).toBe('hello')
    const closed = once(accepted[0] as Socket, 'close')
    socket.end()
    await closed
    await expect.poll(() => proxy.connections).toBe(0)
  })

  it('cuts every connection by a reset, and takes new ones', async () => {
    const socket = await client()
    await echo(socket, 'hello')
    const closed = closeOf(socket)
    expect(proxy.cut()).toBe(1)
    expect(await closed).toBe(true)
    expect(await echo(await client(), 'again')).toBe('again')
  })

  it('delays, in order, until it is healed', async () => {
    const socket = await client()
    await echo(socket, 'hello')
    proxy.delay(80)
    const began = performance.now()
    expect(await echo(socket, 'late')).toBe('late')
    // Once on its way there and once back. A timer of Node's may fire a millisecond early.
    expect(performance.now() - began).toBeGreaterThanOrEqual(155)
    socket.write('1')
    proxy.heal()
    let received = ''
    socket.on('data', (bytes) => {
      received += String(bytes)
    })
    socket.write('2')
    await expect.poll(() => received).toBe('12')
  })

  it('half-opens: nothing passes for ever, nobody is told, new connections work', async () => {
    const socket = await client()
    await echo(socket, 'hello')
    let received = ''
    socket.on('data', (bytes) => {
      received += String(bytes)
    })
    expect(proxy.halfOpen()).toBe(1)
    socket.write('lost')
    await afterEverythingBefore()
    ;(accepted[0] as Socket).destroy()
    await afterEverythingBefore()
    proxy.heal()
    expect(received).toBe('')
    // The server's end is gone: whoever still waited for it learns of it when the proxy heals.
    await closeOf(socket)
  })

  it('half-opens: who says that it has ended gets no answer to that either', async () => {
    const socket = await client()
    await echo(socket, 'hello')
    proxy.halfOpen()
    let isClosed = false
    socket.on('close', () => {
      isClosed = true
    })
    socket.end()
    await afterEverythingBefore()
    expect(isClosed).toBe(false)
    proxy.heal()
    await closeOf(socket)
  })

  it('is a black hole for new connections, too, until it is healed', async () => {
    proxy.blackhole()
    const socket = await client()
    let received = ''
    socket.on('data', (bytes) => {
      received += String(bytes)
    })
    // It was taken while nothing passed.
    await expect.poll(() => proxy.connections).toBe(1)
    socket.write('lost')
    proxy.heal()
    await afterEverythingBefore()
    expect(received).toBe('')
    expect(socket.closed).toBe(false)
    socket.destroy()
  })

  it('resets a client whose server is not there', async () => {
    server.close()
    const socket = await client()
    await closeOf(socket)
  })

  it('stops twice', async () => {
    await proxy.stop()
    await proxy.stop()
    expect(proxy.connections).toBe(0)
  })
})
