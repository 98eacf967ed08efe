import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, it } from 'vitest'
import { AnswerBody } from './answer-body.js'
import { CapturedResponse } from './captured-response.js'
import type { HttpAnswer } from './http-answer.js'

const answer: HttpAnswer = { status: 503, headers: [['x-ours', '1']], body: Buffer.from('ours') }
const newBody = () => new AnswerBody({ operation: 'POST /orders', maxBytes: 10 })

/** Sends one request to a server of `serve`, and resolves to what it was answered. */
async function answered(serve: (response: ServerResponse) => Promise<void>): Promise<string> {
  const server = createServer((_, response) => void serve(response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  const text = `${response.status} ${response.headers.get('x-ours')} ${await response.text()}`
  await new Promise((resolve) => server.close(resolve))
  return text
}

it('is not disturbed by what its handler still writes behind the end', async () => {
  const errors: unknown[] = []
  const text = await answered(async (response) => {
    response.on('error', (error) => errors.push(error))
    const captured = new CapturedResponse(response)
    await captured.answerOf(() => Promise.reject(new Error('given up')), newBody()).catch(() => undefined)
    captured.send(answer)
    response.write('late')
    response.end('later')
  })
  expect(text).toBe('503 1 ours')
  expect(errors).toEqual([])
})

it('has the first of two answers that a handler gives, as Node would', async () => {
  let first: HttpAnswer | undefined
  await answered(async (response) => {
    const captured = new CapturedResponse(response)
    first = await captured.answerOf(() => {
      response.writeHead(404, { 'content-length': 4 }).end('none')
      response.writeHead(201, { 'content-length': 2 }).write('o')
      response.end('k')
    }, newBody())
    captured.send(answer)
  })
  expect(first).toMatchObject({ status: 404, headers: [['content-length', '4']], body: Buffer.from('none') })
})

it('rejects where the handler destroys it, and is there for another answer', async () => {
  let thrown: unknown
  const text = await answered(async (response) => {
    const captured = new CapturedResponse(response)
    const source = new PassThrough()
    const failing = captured.answerOf(() => {
      source.destroy(new Error('the source has broken'))
      return pipeline(source, response)
    }, newBody())
    thrown = await failing.catch((error: unknown) => error)
    captured.send(answer)
  })
  expect(thrown).toMatchObject({ message: 'the source has broken' })
  expect(text).toBe('503 1 ours')
})

it('takes an answer, also in a stream, when its caller has gone', async () => {
  let answering: Promise<HttpAnswer> | undefined
  const server = createServer((request, response) => {
    const captured = new CapturedResponse(response)
    const handler = async (own: ServerResponse): Promise<void> => {
      await new Promise((resolve) => request.on('error', () => undefined).once('close', resolve))
      expect(response.closed).toBe(true)
      expect([own.destroyed, own.closed]).toEqual([false, false])
      await pipeline(Readable.from(['str', 'eam']), own)
    }
    answering = captured.answerOf(handler, newBody())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const caller = connect((server.address() as AddressInfo).port, '127.0.0.1')
  caller.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await once(server, 'request')
  caller.destroy()
  expect(String((await answering)?.body)).toBe('stream')
  await new Promise((resolve) => server.close(resolve))
})

it('answers by what a middleware has put on it', async () => {
  await answered(async (response) => {
    const put = Object.assign(response, { put: () => response.setHeader('x-put', '1').end('put') })
    const captured = new CapturedResponse(put)
    const captive = await captured.answerOf((own) => own.put(), newBody())
    expect(captive).toMatchObject({ status: 200, headers: [['x-put', '1']], body: Buffer.from('put') })
    captured.send(answer)
  })
})

it('is nobody’s to what an attempt has left behind', async () => {
  const left = new PassThrough()
  const text = await answered(async (response) => {
    const put = Object.assign(response, { put: () => response.end('put'), locals: { user: 1 } })
    const captured = new CapturedResponse(put)
    let behind = put
    const first = captured.answerOf((own) => {
      behind = own
      throw new Error('a conflict')
    }, newBody())
    await expect(first).rejects.toThrow('a conflict')
    const second = captured.answerOf((own) => {
      behind.statusCode = 418
      behind.writeHead(418, { 'x-ours': 'left' }).write('left behind')
      expect(behind.getHeader('x-ours')).toBe('left')
      expect([behind.put(), behind.end('x'), behind.destroy()]).toEqual([behind, behind, behind])
      expect(behind.locals.user).toBe(1)
      left.pipe(behind)
      own.end('second')
    }, newBody())
    expect(await second).toMatchObject({ status: 200, headers: [], body: Buffer.from('second') })
    captured.release()
    behind.setHeader('x-ours', 'left').end('left behind')
    behind.put()
    captured.send(answer)
  })
  expect(text).toBe('503 1 ours')
  expect(left.destroyed).toBe(true)
})

it('does not tell a handler of the end that is not its own', async () => {
  const heard: string[] = []
  await answered(async (response) => {
    const captured = new CapturedResponse(response)
    const handler = () => {
      const forget = (): void => void heard.push('forgotten')
      response.once('finish', () => heard.push('finish')).on('finish', forget)
      response.off('finish', forget).end('x')
    }
    const { body } = await captured.answerOf(handler, newBody())
    expect(String(body)).toBe('x')
    await new Promise(setImmediate)
    expect(heard).toEqual(['finish'])
    captured.send(answer)
  })
  expect(heard).toEqual(['finish'])
})
