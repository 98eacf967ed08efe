import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createIdempotency, createInbox, type Idempotency, textCodec, topic } from '@pigeonhole/core'
import { type InboxRun, on, runInbox } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { Kafka, logLevel } from 'kafkajs'
import type pg from 'pg'
import { measureIdempotency, measureInbox, measureInboxRun } from 'pigeonhole/metrics'
import { Registry } from 'prom-client'

/** Where a consumer runs. */
export interface ConsumerPlace {
  readonly pool: pg.Pool
  readonly brokers: readonly string[]
  readonly topic: string
}

/** A service with an inbox and idempotency keys, and the address that its metrics are scraped at. */
export class MeasuredConsumer implements AsyncDisposable {
  readonly idempotency: Idempotency<pg.ClientBase>
  readonly url: string
  readonly #server: Server
  readonly #run: InboxRun

  private constructor(idempotency: Idempotency<pg.ClientBase>, server: Server, run: InboxRun) {
    this.idempotency = idempotency
    this.#server = server
    this.#run = run
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** Starts the inbox `billing`. Its handler fails at what begins with `bad`, once. */
  static async start({ pool, brokers, topic: name }: ConsumerPlace): Promise<MeasuredConsumer> {
    const store = postgresStore(pool)
    const register = new Registry()
    const inbox = createInbox({ store, name: 'billing' })
    const idempotency = createIdempotency({ store })
    measureInbox(inbox, { register })
    measureIdempotency(idempotency, { register })
    const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING })
    const orders = topic<string>(name, { codec: textCodec })
    const run = await runInbox(kafka.consumer({ groupId: name }), inbox, {
      attempts: 1,
      handlers: [
        on<pg.ClientBase, string>(orders, ({ message: { value } }) => {
          if (value.startsWith('bad')) throw new Error('cannot')
        }),
      ],
    })
    measureInboxRun(inbox, run, { register })
    return new MeasuredConsumer(idempotency, await serve(register), run)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run.stop()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

async function serve(register: Registry): Promise<Server> {
  const server = createServer(async (_, response) => {
    response.setHeader('content-type', register.contentType)
    response.end(await register.metrics())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
