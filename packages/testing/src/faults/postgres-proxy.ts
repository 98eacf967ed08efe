import { ArmedLosses, type Loss } from './loss.js'
import { MessageFrames } from './message-frames.js'
import type { Interceptor, Passage } from './proxied-connection.js'
import { TcpProxy, type TcpProxyOptions } from './tcp-proxy.js'

/** A statement, or the reply to one, that is lost. */
export interface PostgresLoss extends Loss {
  /** Is held against the statement's text, from its first character. `/^commit/i` finds every COMMIT. */
  readonly statement: RegExp
}

/**
 * A {@link TcpProxy} in front of PostgreSQL, or of PgBouncer, that knows the statements of its clients. It does not speak
 * TLS.
 */
export class PostgresProxy extends TcpProxy {
  readonly #losses: ArmedLosses<string> = new ArmedLosses()

  /**
   * Loses the next such message of any connection, once. Resolves to true when that has happened, and to false when
   * `signal` aborts first.
   */
  lose({ statement, ...loss }: PostgresLoss, signal?: AbortSignal): Promise<boolean> {
    return this.#losses.arm({ ...loss, matches: (text) => statement.test(text) }, signal)
  }

  protected override intercept(): Interceptor {
    return new PostgresInterceptor(this.#losses)
  }
}

/** Starts a proxy in front of a PostgreSQL server. */
export async function startPostgresProxy(options: TcpProxyOptions): Promise<PostgresProxy> {
  const proxy = new PostgresProxy(options)
  await proxy.listen()
  return proxy
}

const startUpProtocol = 3 << 16

class PostgresInterceptor implements Interceptor {
  readonly #losses: ArmedLosses<string>
  /** Before the start-up message: messages have no type. */
  readonly #opening = new MessageFrames(0, true)
  readonly #messages = new MessageFrames(1, true)
  #started = false
  /** The last statement that was sent and not yet answered. */
  #asked: string | undefined

  constructor(losses: ArmedLosses<string>) {
    this.#losses = losses
  }

  request(bytes: Buffer): Passage {
    return this.#started ? this.#pass(bytes) : this.#open(bytes)
  }

  // A client waits for the answer to a statement before it sends the next one, so whatever comes answers the last one.
  reply(bytes: Buffer): Passage {
    const asked = this.#asked
    this.#asked = undefined
    const loss = asked === undefined ? undefined : this.#losses.strike('reply', asked)
    return loss ? { forward: Buffer.alloc(0), connection: loss.connection } : { forward: bytes }
  }

  #open(bytes: Buffer): Passage {
    const frames = this.#opening.push(bytes)
    this.#started = frames.some((frame) => frame.readInt32BE(4) === startUpProtocol)
    return { forward: Buffer.concat(frames) }
  }

  #pass(bytes: Buffer): Passage {
    const forward: Buffer[] = []
    for (const message of this.#messages.push(bytes)) {
      const statement = statementOf(message)
      const loss = statement === undefined ? undefined : this.#losses.strike('request', statement)
      if (loss) return { forward: Buffer.concat(forward), connection: loss.connection }
      this.#asked = statement ?? this.#asked
      forward.push(message)
    }
    return { forward: Buffer.concat(forward) }
  }
}

/** The text of a simple query (Q), or of a statement that is parsed (P: its name comes first). */
function statementOf(message: Buffer): string | undefined {
  const type = String.fromCharCode(message.readUInt8(0))
  if (type === 'Q') return message.toString('utf8', 5, message.length - 1)
  if (type !== 'P') return undefined
  const text = message.indexOf(0, 5) + 1
  return message.toString('utf8', text, message.indexOf(0, text))
}
