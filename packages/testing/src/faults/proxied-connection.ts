import { connect, type Socket } from 'node:net'
import { DelayLine } from './delay-line.js'
import type { Loss } from './loss.js'

/** What becomes of bytes on their way. */
export interface Passage {
  readonly forward: Buffer
  /** What becomes of the connection behind them. Default: it goes on. */
  readonly connection?: Loss['connection']
}

/** Looks at everything that a connection carries. */
export interface Interceptor {
  request(bytes: Buffer): Passage
  reply(bytes: Buffer): Passage
}

/** What a {@link ProxiedConnection} is made from. */
export interface ConnectionSetup {
  readonly client: Socket
  readonly target: { readonly host: string; readonly port: number }
  readonly intercept: Interceptor
  readonly delayMs: () => number
  readonly onClosed: () => void
}

/** A client's connection and the one that is made for it to the server. */
export class ProxiedConnection {
  readonly #setup: ConnectionSetup
  readonly #client: Socket
  readonly #server: Socket
  #silent = false
  /** The ends that still want something. */
  readonly #waiting: Set<Socket>
  #open = 2

  constructor(setup: ConnectionSetup) {
    this.#setup = setup
    this.#client = setup.client
    // Node would answer an end by an end: whoever leaves a silent connection has to go on waiting.
    this.#server = connect({ ...setup.target, noDelay: true, allowHalfOpen: true })
    this.#waiting = new Set([this.#client, this.#server])
    this.#client.setNoDelay(true)
    this.#link(this.#client, this.#server, (bytes) => setup.intercept.request(bytes))
    this.#link(this.#server, this.#client, (bytes) => setup.intercept.reply(bytes))
  }

  /** Resets both ends. */
  cut(): void {
    for (const socket of [this.#client, this.#server]) socket.resetAndDestroy()
  }

  /** From now on nothing passes, and neither end learns of the other's. */
  silence(): void {
    this.#silent = true
  }

  /** Resets what is left of a silent connection whose other end has gone: nobody waits for it. */
  bury(): void {
    if (this.#silent && this.#waiting.size < 2) this.cut()
  }

  #link(from: Socket, to: Socket, look: (bytes: Buffer) => Passage): void {
    const line = new DelayLine(from, to)
    from.on('data', (bytes: Buffer) => {
      if (this.#silent) return
      const { forward, connection } = look(bytes)
      if (forward.length > 0) line.send(forward, this.#setup.delayMs())
      if (connection === undefined) return
      this.silence()
      if (connection === 'cut') line.after(() => this.cut())
    })
    from.on('end', () => (this.#silent ? this.#leave(from) : line.after(() => to.end())))
    from.on('error', () => undefined) // What follows is 'close'.
    from.on('close', (hadError) => {
      if (hadError && !this.#silent) to.resetAndDestroy()
      this.#leave(from)
      if (--this.#open === 0) this.#setup.onClosed()
    })
  }

  #leave(end: Socket): void {
    this.#waiting.delete(end)
    if (this.#waiting.size === 0) this.cut()
  }
}
