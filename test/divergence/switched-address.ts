import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** An address behind which a server is exchanged for another, as a DNS name or a load balancer in front of a database. */
export class SwitchedAddress implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #target: number

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer((socket) => this.#pass(socket))
  }

  /** Leads to a port of this machine. */
  static async open(target: number): Promise<SwitchedAddress> {
    const address = new SwitchedAddress(target)
    address.#server.listen(0, '127.0.0.1')
    await once(address.#server, 'listening')
    return address
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Leads to another port from now on, and breaks what is connected. */
  switchTo(target: number): void {
    this.#target = target
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.switchTo(this.#target)
    await closed
  }

  #pass(socket: Socket): void {
    const target = connect({ host: '127.0.0.1', port: this.#target })
    for (const [from, to] of [
      [socket, target],
      [target, socket],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => undefined)
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  }
}
