import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { OrderServiceOptions } from './order-service-process.js'

const program = fileURLToPath(new URL('order-service-process.js', import.meta.url))
const body = JSON.stringify({ input: 'x'.repeat(200) })

/** How a service is asked. */
export interface Load {
  readonly path: '/by-hand' | '/keyed'
  readonly requests: number
  /** How many requests are under way at once, each on a connection that is kept. */
  readonly callers: number
}

/** An order service in a process of its own, and who asks it. */
export class OrderService {
  readonly #child: ChildProcess
  readonly #url: string
  readonly #agent = new Agent({ keepAlive: true })

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.#url = url
  }

  static async start(options: OrderServiceOptions): Promise<OrderService> {
    const child = spawn(process.execPath, [program, JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return new OrderService(child, String(line).trim())
  }

  /** Asks so many times, each with a key of its own. Every answer is a first one. */
  async ask({ path, requests, callers }: Load): Promise<void> {
    let left = requests
    const call = async (): Promise<void> => {
      while (left-- > 0) await this.#ask(path)
    }
    await Promise.all(Array.from({ length: callers }, call))
  }

  async stop(): Promise<void> {
    this.#agent.destroy()
    const ended = once(this.#child, 'exit')
    this.#child.stdin?.end()
    await ended
  }

  async #ask(path: Load['path']): Promise<void> {
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      'idempotency-key': randomUUID(),
    }
    const request = httpRequest(this.#url + path, { method: 'POST', agent: this.#agent, headers })
    request.end(body)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    const { statusCode, headers: answered } = response
    if (statusCode !== 201 || 'idempotency-replayed' in answered)
      throw new Error(`${path} was answered with ${statusCode}, which is not that of a first attempt`)
  }
}
