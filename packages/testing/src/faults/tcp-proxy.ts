import { type AddressInfo, createServer, type Server } from 'node:net'
import { type Interceptor, type Passage, ProxiedConnection } from './proxied-connection.js'

/** Options of {@link startTcpProxy}. */
export interface TcpProxyOptions {
  /** Where connections lead: `host:port`. */
  readonly target: string
}

/** A network that can be broken between clients and a server, on 127.0.0.1. */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #target: { readonly host: string; readonly port: number }
  readonly #connections = new Set<ProxiedConnection>()
  #delayMs = 0
  #blackhole = false

  constructor({ target }: TcpProxyOptions) {
    const at = target.lastIndexOf(':')
    this.#target = { host: target.slice(0, at), port: Number(target.slice(at + 1)) }
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      const connection = new ProxiedConnection({
        client,
        target: this.#target,
        intercept: this.intercept(),
        delayMs: () => this.#delayMs,
        onClosed: () => this.#connections.delete(connection),
      })
      if (this.#blackhole) connection.silence()
      this.#connections.add(connection)
    })
  }

  /** Where clients connect to: `127.0.0.1:port`. */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections of which an end is open. */
  get connections(): number {
    return this.#connections.size
  }

  /** Resets every connection, as a router that restarts. New ones get through. Returns how many there were. */
  cut(): number {
    const { size } = this.#connections
    for (const connection of this.#connections) connection.cut()
    return size
  }

  /** Bytes that come from now on arrive `ms` milliseconds later, in both directions. Until {@link heal}. */
  delay(ms: number): void {
    this.#delayMs = ms
  }

  /**
   * Half-opens every connection: it stays open, carries nothing more, for ever, and neither end is told when the other
   * closes. New ones get through. Returns how many there were.
   */
  halfOpen(): number {
    const { size } = this.#connections
    for (const connection of this.#connections) connection.silence()
    return size
  }

  /** As {@link halfOpen}, and new connections are taken and carry nothing, too, until {@link heal}. */
  blackhole(): number {
    this.#blackhole = true
    return this.halfOpen()
  }

  /**
   * Bytes and new connections pass again. Connections that were half-opened stay silent: whoever waits for an answer has
   * to give up by itself. Where one end has given up, the other one is reset.
   */
  heal(): void {
    this.#delayMs = 0
    this.#blackhole = false
    for (const connection of this.#connections) connection.bury()
  }

  /** Starts listening, on a free port. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(0, '127.0.0.1', resolve)
    })
  }

  /** Resets every connection and takes no more. A second call does nothing. */
  async stop(): Promise<void> {
    this.cut()
    if (!this.#server.listening) return
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  /** As {@link stop}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** What looks at a new connection. */
  protected intercept(): Interceptor {
    return { request: pass, reply: pass }
  }
}

function pass(forward: Buffer): Passage {
  return { forward }
}

/** Starts a proxy in front of any server that speaks TCP. */
export async function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  const proxy = new TcpProxy(options)
  await proxy.listen()
  return proxy
}
