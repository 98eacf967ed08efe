import { createRequire } from 'node:module'
import type { Message } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { capturedRow } from './captured-row.fake.js'
import { type KafkaRecord, kafkaRecord } from './kafka-record.js'
import {
  divideIntoRequests,
  missingAcknowledgements,
  partitionsOf,
  withCheckpoint,
} from './produce-requests.js'

const require = createRequire(import.meta.url)
const groupOfKafkajs = require('kafkajs/src/producer/groupMessagesPerPartition') as (
  request: object,
) => Record<string, Message[]>

function record(topic: string, partition: number, bytes: number, seq = '0'): KafkaRecord {
  return kafkaRecord(capturedRow({ topic, seq, payload: Buffer.alloc(bytes) }), partition)
}

const seqs = (records: readonly KafkaRecord[]): string[] => records.map(({ row }) => row.seq)

describe('divideIntoRequests', () => {
  it('sends everything in one request while each partition has room for its own', () => {
    const records = [record('a', 0, 600), record('a', 1, 600), record('b', 0, 600)]
    const requests = divideIntoRequests(records, 1_000)
    expect(requests).toHaveLength(1)
    expect(requests[0]?.topicMessages.map(({ topic, messages }) => [topic, messages.length])).toEqual([
      ['a', 2],
      ['b', 1],
    ])
  })

  it('divides what would be too much for one partition and keeps its order', () => {
    const records = ['1', '2', '3', '4', '5'].map((seq) => record('a', 0, 300, seq))
    const requests = divideIntoRequests([...records, record('a', 1, 300, '6')], 1_000)
    expect(requests.map((request) => seqs(request.records))).toEqual([['1', '2', '6'], ['3', '4'], ['5']])
  })

  it('fills a request up to the limit and not beyond', () => {
    const one = record('a', 0, 100)
    const batch = 61 + 2 * one.bytes
    expect(divideIntoRequests([one, one], batch)).toHaveLength(1)
    expect(divideIntoRequests([one, one], batch - 1)).toHaveLength(2)
  })

  it('sends a record that is larger than the limit alone', () => {
    const records = [record('a', 0, 10, '1'), record('a', 0, 5_000, '2'), record('a', 0, 10, '3')]
    expect(divideIntoRequests(records, 1_000).map((request) => seqs(request.records))).toEqual([
      ['1'],
      ['2'],
      ['3'],
    ])
  })

  it('needs no request for nothing', () => {
    expect(divideIntoRequests([], 1_000)).toEqual([])
  })

  it('hands kafkajs the groups that it would make itself', () => {
    const records = [0, 1, 0, 2, 1, 0].map((partition, index) => record('a', partition, 10, String(index)))
    const [request] = divideIntoRequests(records, 1_000_000)
    const messages = request?.topicMessages[0]?.messages ?? []
    const asked = {
      topic: 'a',
      partitionMetadata: [{}],
      partitioner: ({ message }: { message: Message }) => message.partition,
    }
    expect(groupOfKafkajs({ ...asked, messages })).toEqual(
      groupOfKafkajs({ ...asked, messages: [...messages] }),
    )
    expect(messages).toHaveLength(6)
  })
})

const checkpoint = { topic: 'checkpoints', partition: 2, message: { value: 'checkpoint' } }

describe('withCheckpoint', () => {
  it('puts the checkpoint into the first request', () => {
    const records = ['1', '2'].map((seq) => record('a', 0, 600, seq))
    const [first, second] = withCheckpoint(divideIntoRequests(records, 1_000), checkpoint)
    expect(first?.topicMessages.map(({ topic, messages }) => [topic, messages.length])).toEqual([
      ['checkpoints', 1],
      ['a', 1],
    ])
    expect(seqs(first?.records ?? [])).toEqual(['1'])
    expect(second?.topicMessages.map(({ topic }) => topic)).toEqual(['a'])
  })

  it('makes a request for it where there is none', () => {
    const requests = withCheckpoint([], checkpoint)
    expect(requests.map(({ topicMessages, records }) => [topicMessages.length, records.length])).toEqual([
      [1, 0],
    ])
  })
})

describe('partitionsOf', () => {
  it('tells every partition once', () => {
    const records = ['1', '2', '3'].map((seq) => record('a.b', 1, 600, seq))
    const requests = withCheckpoint(divideIntoRequests([...records, record('c', 0, 1)], 1_000), checkpoint)
    expect(requests).toHaveLength(3)
    expect(partitionsOf(requests)).toEqual([
      { topic: 'checkpoints', partitions: [2] },
      { topic: 'a.b', partitions: [1] },
      { topic: 'c', partitions: [0] },
    ])
  })
})

describe('missingAcknowledgements', () => {
  const [request] = divideIntoRequests([record('a', 0, 1), record('a', 1, 1), record('b', 1, 1)], 1_000)
  const acknowledged = [
    { topicName: 'a', partition: 0, errorCode: 0 },
    { topicName: 'a', partition: 1, errorCode: 0 },
    { topicName: 'b', partition: 1, errorCode: 0 },
  ]

  it('is empty when every partition is acknowledged', () => {
    expect(request && missingAcknowledgements(request, acknowledged)).toEqual([])
  })

  it('names what is not, and what was answered with an error', () => {
    const [first, , last] = acknowledged
    const answers = [first, { ...last, errorCode: 6 }] as typeof acknowledged
    expect(request && missingAcknowledgements(request, answers)).toEqual(['a/1', 'b/1'])
  })

  it('names the partition of a checkpoint that is not acknowledged', () => {
    const [withIts] = withCheckpoint(request ? [request] : [], checkpoint)
    expect(withIts && missingAcknowledgements(withIts, acknowledged)).toEqual(['checkpoints/2'])
  })
})
