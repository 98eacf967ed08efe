import { Kafka, type LogEntry, type Logger, logLevel, type Producer } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { withQuietLogger } from './quiet-logger.js'

const concurrent =
  'The producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing'

function loggedKafka(): { readonly kafka: Kafka; readonly entries: LogEntry[] } {
  const entries: LogEntry[] = []
  const logCreator = () => (entry: LogEntry) => void entries.push(entry)
  return { kafka: new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.INFO, logCreator }), entries }
}

function producerLogger(kafka: Kafka): Logger {
  const create = (quiet: Kafka): Producer => quiet.producer({ createPartitioner: () => () => 0 })
  return withQuietLogger(kafka, create).logger()
}

describe('withQuietLogger', () => {
  it('keeps the expected refusals out of the errors', () => {
    const { kafka, entries } = loggedKafka()
    const logger = producerLogger(kafka)
    logger.error(`Failed to send messages: ${concurrent}`, {})
    logger.error('Response AddPartitionsToTxn(key: 24, version: 1)', { error: concurrent })
    expect(entries).toEqual([])
  })

  it('shows them as debug messages', () => {
    const { kafka, entries } = loggedKafka()
    kafka.logger().setLogLevel(logLevel.DEBUG)
    producerLogger(kafka).error('Response', { error: concurrent })
    expect(entries).toMatchObject([{ label: 'DEBUG' }])
  })

  it('logs everything else as ever', () => {
    const { kafka, entries } = loggedKafka()
    const logger = producerLogger(kafka)
    logger.error('Connection error', { error: 'gone' })
    logger.warn('careful')
    expect(entries).toMatchObject([{ label: 'ERROR', namespace: 'Producer' }, { label: 'WARN' }])
  })

  it('leaves the logger of the Kafka instance as it was, also when creating fails', () => {
    const { kafka, entries } = loggedKafka()
    const logger = kafka.logger()
    const fail = (): never => {
      throw new Error('no')
    }
    expect(() => withQuietLogger(kafka, fail)).toThrow('no')
    expect(kafka.logger()).toBe(logger)
    kafka
      .producer({ createPartitioner: () => () => 0 })
      .logger()
      .error(concurrent, {})
    expect(entries).toHaveLength(1)
  })
})
