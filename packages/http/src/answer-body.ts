import { addAbortSignal, Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { PigeonholeError } from '@pigeonhole/core'

/** How much an answer may come to. */
export interface AnswerLimit {
  readonly operation: string
  /** Of the body, in bytes. */
  readonly maxBytes: number
}

/** The body of an answer while it comes: bounded at each chunk, so that a stream without an end does not fill the memory. */
export class AnswerBody {
  readonly #limit: AnswerLimit
  #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(limit: AnswerLimit) {
    this.#limit = limit
  }

  /**
   * Adds a copy of the chunk: who writes may use its memory again.
   * @throws ANSWER_TOO_LARGE
   */
  push(chunk: string | Uint8Array, encoding: BufferEncoding = 'utf8'): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk)
    this.#bytes += bytes.byteLength
    if (this.#bytes > this.#limit.maxBytes) {
      this.#chunks = []
      throw tooLarge(this.#limit, this.#bytes)
    }
    this.#chunks.push(bytes)
  }

  /**
   * Adds what a stream gives, to its end. The stream is destroyed where it gives too much, and where `signal` aborts.
   * @throws ANSWER_TOO_LARGE; what the stream fails with
   */
  async collect(source: Readable | ReadableStream, signal: AbortSignal): Promise<void> {
    const stream = 'getReader' in source ? Readable.fromWeb(source) : source
    for await (const chunk of addAbortSignal(signal, stream)) this.push(chunk as string | Uint8Array)
  }

  /** What has come. */
  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks)
  }
}

function tooLarge({ operation, maxBytes }: AnswerLimit, bytes: number): PigeonholeError<'ANSWER_TOO_LARGE'> {
  return new PigeonholeError('ANSWER_TOO_LARGE', {
    message:
      `The answer of ${operation} had ${bytes} bytes when it was given up, and maxAnswerBytes is ${maxBytes}: answer with a reference ` +
      'to what is large, or raise it. Nothing of the operation is written',
    details: { operation, bytes, maxBytes },
  })
}
