import { type KafkaApi, kafkaApis } from './kafka-apis.js'
import { ArmedLosses, type Loss } from './loss.js'
import { MessageFrames } from './message-frames.js'
import type { Interceptor, Passage } from './proxied-connection.js'
import { TcpProxy, type TcpProxyOptions } from './tcp-proxy.js'

/** A request of Kafka's protocol, or the reply to one, that is lost. */
export interface KafkaLoss extends Loss {
  readonly api: KafkaApi
}

/**
 * A {@link TcpProxy} in front of one broker that knows the header of Kafka's requests: API key and correlation id. It
 * speaks neither TLS nor SASL's own encryption. Let the broker advertise it: `startKafka({ advertise })`.
 */
export class KafkaProxy extends TcpProxy {
  readonly #losses: ArmedLosses<number> = new ArmedLosses()

  /**
   * Loses the next such message of any connection, once. Resolves to true when that has happened, and to false when
   * `signal` aborts first.
   */
  lose({ api, ...loss }: KafkaLoss, signal?: AbortSignal): Promise<boolean> {
    return this.#losses.arm({ ...loss, matches: (key) => key === kafkaApis[api] }, signal)
  }

  protected override intercept(): Interceptor {
    return new KafkaInterceptor(this.#losses)
  }
}

/** Starts a proxy in front of a Kafka broker. */
export async function startKafkaProxy(options: TcpProxyOptions): Promise<KafkaProxy> {
  const proxy = new KafkaProxy(options)
  await proxy.listen()
  return proxy
}

class KafkaInterceptor implements Interceptor {
  readonly #losses: ArmedLosses<number>
  readonly #requests = new MessageFrames(0, false)
  readonly #replies = new MessageFrames(0, false)
  /** API keys of the requests that are on their way, by correlation id. */
  readonly #asked = new Map<number, number>()

  constructor(losses: ArmedLosses<number>) {
    this.#losses = losses
  }

  request(bytes: Buffer): Passage {
    return passUntilLost(this.#requests.push(bytes), (frame) => {
      const apiKey = frame.readInt16BE(4)
      this.#asked.set(frame.readInt32BE(8), apiKey)
      return this.#losses.strike('request', apiKey)
    })
  }

  reply(bytes: Buffer): Passage {
    return passUntilLost(this.#replies.push(bytes), (frame) => {
      const correlationId = frame.readInt32BE(4)
      const apiKey = this.#asked.get(correlationId)
      this.#asked.delete(correlationId)
      return apiKey === undefined ? undefined : this.#losses.strike('reply', apiKey)
    })
  }
}

function passUntilLost(frames: readonly Buffer[], look: (frame: Buffer) => Loss | undefined): Passage {
  const forward: Buffer[] = []
  for (const frame of frames) {
    const loss = look(frame)
    if (loss) return { forward: Buffer.concat(forward), connection: loss.connection }
    forward.push(frame)
  }
  return { forward: Buffer.concat(forward) }
}
