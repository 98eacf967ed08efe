import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import type { ProtocolRequest } from '../own-client.js'
import { refusalOf } from './broker-errors.js'
import { refusedPartitions, tellRefusals } from './partition-refusals.js'

const require = createRequire(import.meta.url)

const produce = 'kafkajs/src/protocol/requests/produce/v7/response'
const addPartitionsToTxn = 'kafkajs/src/protocol/requests/addPartitionsToTxn/v1/response'

/** What becomes of an answer of a broker. */
async function read(apiKey: number, response: string, answer: object): Promise<unknown> {
  const request = { apiKey, apiVersion: 1, encode: async () => ({}) }
  const made = { request, response: require(response) as ProtocolRequest['response'] }
  return await tellRefusals(made, {})
    .response.parse(answer as never)
    .then(
      () => 'passed',
      (error: unknown) => error,
    )
}

const partitions = (...codes: readonly number[]): { partition: number; errorCode: number }[] =>
  codes.map((errorCode, partition) => ({ partition, errorCode }))

const unauthorized = 29
const notAttempted = 55
const tooLarge = 10

describe('tellRefusals', () => {
  it('names the partitions that a Produce request was refused for', async () => {
    const topics = [
      { topicName: 'a', partitions: partitions(0, 0) },
      { topicName: 'b', partitions: partitions(0, tooLarge) },
    ]
    const error = await read(0, produce, { topics })
    expect(refusalOf(error)?.type).toBe('MESSAGE_TOO_LARGE')
    expect(refusedPartitions(error)).toEqual([{ topic: 'b', partition: 1 }])
  })

  it('takes the refusal of one partition for what it is, and not that the others were not attempted', async () => {
    const errors = [
      { topic: 'checkpoints', partitionErrors: partitions(notAttempted) },
      { topic: 'a', partitionErrors: partitions(unauthorized, unauthorized) },
    ]
    const error = await read(24, addPartitionsToTxn, { errors })
    expect(refusalOf(error)?.type).toBe('TOPIC_AUTHORIZATION_FAILED')
    expect(refusedPartitions(error)).toEqual([
      { topic: 'a', partition: 0 },
      { topic: 'a', partition: 1 },
    ])
  })

  it('finds them behind the errors that kafkajs wraps around', async () => {
    const errors = [{ topic: 'a', partitionErrors: partitions(unauthorized) }]
    const cause = await read(24, addPartitionsToTxn, { errors })
    const wrapped = new Error('retried', { cause: new Error('sent', { cause }) })
    expect(refusedPartitions(wrapped)).toEqual([{ topic: 'a', partition: 0 }])
  })

  it.each([
    [0, produce, { topics: [{ topicName: 'a', partitions: partitions(0) }] }],
    [24, addPartitionsToTxn, { errors: [{ topic: 'a', partitionErrors: partitions(0) }] }],
  ])('lets an answer pass that refuses nothing', async (apiKey, response, answer) => {
    expect(await read(apiKey, response, answer)).toBe('passed')
  })

  it('knows nothing of other errors', () => {
    expect(refusedPartitions(new Error('the connection is lost'))).toEqual([])
    expect(refusedPartitions(undefined)).toEqual([])
  })
})
