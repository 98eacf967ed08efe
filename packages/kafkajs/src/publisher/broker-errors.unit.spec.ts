import { createRequire } from 'node:module'
import { PigeonholeError } from '@pigeonhole/core'
import type { KafkaJSProtocolError } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { brokerError, isFenced, refusalOf } from './broker-errors.js'

// Their types do not tell what they are constructed from.
type ErrorClass = new (...args: unknown[]) => Error

type Thrown =
  | 'KafkaJSAggregateError'
  | 'KafkaJSConnectionError'
  | 'KafkaJSNonRetriableError'
  | 'KafkaJSNumberOfRetriesExceeded'
  | 'KafkaJSSASLAuthenticationError'

const require = createRequire(import.meta.url)
const {
  KafkaJSAggregateError,
  KafkaJSConnectionError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSSASLAuthenticationError,
} = require('kafkajs') as Record<Thrown, ErrorClass>
const { createErrorFromCode: answer } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode(code: number): KafkaJSProtocolError
}

const concurrentTransactions = 51
const topicAuthorizationFailed = 29
const transactionalIdAuthorizationFailed = 53
const invalidProducerEpoch = 47
const producerFenced = 90

const attempt = { doing: 'sending', topic: 'orders', transactionalId: 'pigeonhole.r.0' }

describe('refusalOf', () => {
  const bare = answer(concurrentTransactions)
  const wrapped = new KafkaJSNumberOfRetriesExceeded(bare, { retryCount: 0, retryTime: 0 })

  it.each([
    ['bare', bare],
    ['after the last try', wrapped],
    ['wrapped twice', new KafkaJSNonRetriableError(wrapped, { cause: wrapped })],
    ['among the errors of several topics', new KafkaJSAggregateError('Topic errors', [bare])],
  ])('finds the answer: %s', (_, error) => {
    expect(refusalOf(error)?.type).toBe('CONCURRENT_TRANSACTIONS')
  })

  it('finds a refused authentication, which has no type', () => {
    expect(refusalOf(new KafkaJSSASLAuthenticationError('no'))?.type).toBe('SASL_AUTHENTICATION_FAILED')
  })

  it.each([new KafkaJSConnectionError('gone'), new Error('x'), 'x', null, undefined])(
    'finds none in %s',
    (error) => {
      expect(refusalOf(error)).toBeUndefined()
    },
  )
})

describe('isFenced', () => {
  it.each([invalidProducerEpoch, producerFenced])('knows error code %i', (code) => {
    const refusal = refusalOf(answer(code))
    expect(refusal && isFenced(refusal)).toBe(true)
  })

  it('knows others from it', () => {
    const refusal = refusalOf(answer(concurrentTransactions))
    expect(refusal && isFenced(refusal)).toBe(false)
  })
})

describe('brokerError', () => {
  it('passes coded errors', () => {
    const coded = new PigeonholeError('TOPIC_MISSING', { message: 'm', details: { topic: 't' } })
    expect(brokerError(coded, attempt)).toBe(coded)
  })

  it.each([
    [topicAuthorizationFailed, 'orders'],
    [transactionalIdAuthorizationFailed, 'pigeonhole.r.0'],
  ])('names what access is refused to (error code %i)', (code, resource) => {
    const cause = answer(code)
    const error = brokerError(cause, attempt)
    expect(error).toMatchObject({
      code: 'BROKER_ACCESS_DENIED',
      details: { resource },
      cause,
      retryable: false,
    })
    expect(error.message).toContain(resource)
  })

  it('names nothing where the credentials are refused', () => {
    const error = brokerError(new KafkaJSSASLAuthenticationError('no'), attempt)
    expect(error).toMatchObject({ code: 'BROKER_ACCESS_DENIED', details: {} })
  })

  it('takes everything else for a broker that is not available', () => {
    const cause = new KafkaJSConnectionError('gone')
    const error = brokerError(cause, attempt)
    expect(error).toMatchObject({ code: 'BROKER_UNAVAILABLE', cause, retryable: true })
    expect(error.message).toContain('sending')
  })
})
