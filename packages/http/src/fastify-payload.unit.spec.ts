import { expect, it } from 'vitest'
import { AnswerBody } from './answer-body.js'
import { type SerialisingReply, writePayload } from './fastify-payload.js'

/** The bytes that a reply writes which serialises as `serialize` does. */
async function written(payload: unknown, serialize: SerialisingReply['serialize']): Promise<number[]> {
  const body = new AnswerBody({ operation: 'POST /orders', maxBytes: 100 })
  const reply = { code: () => undefined, header: () => undefined, getHeaders: () => ({}), serialize }
  await writePayload(reply, payload, { body, signal: new AbortController().signal })
  return [...body.bytes()]
}

const bytes = [0x81, 0xa1, 0xff, 0xfe, 0x80]

it.each([
  ['a buffer', Buffer.from(bytes)],
  ['an ArrayBuffer', Uint8Array.from(bytes).buffer],
])('leaves what a serialiser makes as it is: %s', async (_, serialised) => {
  expect(await written({ any: 'thing' }, () => serialised)).toEqual(bytes)
})

it('takes views of bytes as bytes', async () => {
  const view = new DataView(Uint8Array.from([0, ...bytes]).buffer, 1)
  expect(await written(view, () => 'not asked')).toEqual(bytes)
})
