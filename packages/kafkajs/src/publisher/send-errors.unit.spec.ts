import { createRequire } from 'node:module'
import { KafkaJSNumberOfRetriesExceeded, type KafkaJSProtocolError } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { capturedRow } from './captured-row.fake.js'
import { kafkaRecord, keyHash } from './kafka-record.js'
import { sendError } from './send-errors.js'

const require = createRequire(import.meta.url)
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode(code: number): KafkaJSProtocolError
}

function answer(code: number): Error {
  return new KafkaJSNumberOfRetriesExceeded(createErrorFromCode(code), { retryCount: 0, retryTime: 0 })
}

const secret = Buffer.from('a-key-that-must-not-be-told')
const small = kafkaRecord(capturedRow({ topic: 'a', payload: Buffer.alloc(10) }), 0)
const large = kafkaRecord(capturedRow({ topic: 'b', key: secret, payload: Buffer.alloc(1_000) }), 0)
const records = [small, large, small]

describe('sendError', () => {
  it.each([
    [10, 'MESSAGE_TOO_LARGE'],
    [18, 'RECORD_LIST_TOO_LARGE'],
    [44, 'POLICY_VIOLATION'],
    [87, 'INVALID_RECORD'],
  ])('takes error code %i for a fault of the largest record', (code, reason) => {
    const cause = answer(code)
    const error = sendError(cause, 0, records)
    const details = { topic: 'b', keyHash: keyHash(secret), reason }
    expect(error).toMatchObject({ code: 'RECORD_REFUSED', details, cause })
  })

  it('takes a time that the broker does not accept for no fault of a record: it is the relay’s own', () => {
    expect(sendError(answer(32), 0, records)).toMatchObject({ code: 'BROKER_UNAVAILABLE' })
  })

  it('never tells the key', () => {
    expect(JSON.stringify(sendError(answer(10), 0, records).message)).not.toContain('must-not-be-told')
  })

  it('names the topics that access is refused to', () => {
    expect(sendError(answer(29), 0, records)).toMatchObject({
      code: 'BROKER_ACCESS_DENIED',
      details: { resource: 'a, b' },
    })
  })

  it('tells a fenced producer', () => {
    expect(sendError(answer(47), 3, records)).toMatchObject({
      code: 'PRODUCER_FENCED',
      details: { shard: 3 },
    })
  })

  it.each([2, 6, 7, 19, 20])('takes error code %i for a broker that is not available', (code) => {
    expect(sendError(answer(code), 0, records)).toMatchObject({ code: 'BROKER_UNAVAILABLE', retryable: true })
  })
})
