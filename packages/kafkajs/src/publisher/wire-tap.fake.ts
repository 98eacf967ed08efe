import { connect, type Socket } from 'node:net'
import type { ISocketFactory } from 'kafkajs'

/** Numbers of Kafka's requests. */
export const api = {
  produce: 0,
  fetch: 1,
  metadata: 3,
  findCoordinator: 10,
  addPartitionsToTxn: 24,
  endTxn: 26,
} as const

/** Sees every request of a Kafka instance on its way to the broker, and can keep an answer from coming back. */
export class WireTap {
  /** The kinds of all requests, as they were sent. */
  readonly sent: number[] = []
  /** What each of them said, behind the number that tells it from the one before: a repeated request says the same. */
  readonly said: string[] = []
  readonly #sockets = new Set<Socket>()
  #losing: number | undefined

  /** Connections that have not ended. */
  get open(): number {
    return this.#sockets.size
  }

  /** How many requests of a kind have been sent. */
  count(kind: number): number {
    return this.sent.filter((each) => each === kind).length
  }

  /** The broker gets the next request of this kind; its answer is lost with the connection. */
  loseAnswerTo(kind: number): void {
    this.#losing = kind
  }

  /** What a Kafka instance takes as `socketFactory`. */
  readonly socketFactory: ISocketFactory = ({ host, port, onConnect }) => {
    const socket = connect({ host, port }, onConnect)
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    const write = socket.write.bind(socket)
    // kafkajs writes a request at once: its length in 4 bytes, its kind in 2, its version in 2, its number in 4.
    socket.write = (frame: Uint8Array | string, ...rest: unknown[]): boolean => {
      const request = Buffer.from(frame as Uint8Array)
      const kind = request.readInt16BE(4)
      this.sent.push(kind)
      this.said.push(request.toString('latin1', 12))
      if (kind === this.#losing) this.#loseAnswer(socket)
      return write(frame as string, ...(rest as []))
    }
    return socket
  }

  #loseAnswer(socket: Socket): void {
    this.#losing = undefined
    socket.removeAllListeners('data')
    socket.once('data', () => socket.destroy(new Error('the connection is lost')))
  }
}
