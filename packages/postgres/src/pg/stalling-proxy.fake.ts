import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Stands between a client and PostgreSQL, and can fall silent: bytes are taken and go nowhere. */
export class StallingProxy {
  readonly url: string
  readonly #server: Server
  readonly #sockets: Set<Socket>
  #stalled = false

  private constructor(server: Server, url: URL) {
    this.#server = server
    this.#sockets = new Set()
    const { hostname, port } = url
    server.on('connection', (client) => this.#pass(client, connect(Number(port || 5432), hostname)))
    const own = new URL(url)
    own.hostname = '127.0.0.1'
    own.port = String((server.address() as AddressInfo).port)
    this.url = own.href
  }

  static async start(url: string): Promise<StallingProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new StallingProxy(server, new URL(url))
  }

  stall(): void {
    this.#stalled = true
  }

  /** New connections are served again; bytes that were swallowed stay so. */
  resume(): void {
    this.#stalled = false
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #pass(client: Socket, server: Socket): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from)
      from.on('data', (bytes) => this.#stalled || to.write(bytes))
      from.on('error', () => undefined)
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
  }
}
