import { describe, expect, it } from 'vitest'
import { consumerCrashed, isKeptDown, restartDelayOf } from './crash.js'

const crash = (error: object, restart: boolean) => ({
  error: Object.assign(new Error('crash'), error),
  groupId: 'g',
  restart,
})

describe('a crash', () => {
  it('keeps a consumer down only where kafkajs would have started it again by itself', () => {
    const exceeded = { name: 'KafkaJSNumberOfRetriesExceeded' }
    expect(isKeptDown(crash(exceeded, false))).toBe(true)
    expect(isKeptDown(crash(exceeded, true))).toBe(false)
    expect(isKeptDown(crash({ retriable: false }, false))).toBe(false)
    expect(
      isKeptDown(
        crash({ name: 'KafkaJSNonRetriableError', retriable: false, cause: { retriable: true } }, false),
      ),
    ).toBe(true)
    expect(isKeptDown(crash({ retriable: true, cause: new TypeError('a bug') }, false))).toBe(false)
  })

  it('tells when kafkajs starts again', () => {
    expect(restartDelayOf(crash({ retryTime: 300 }, true))).toBe(300)
    expect(restartDelayOf(crash({}, true))).toBeUndefined()
  })

  it('names the group, and keeps the error as the cause', () => {
    const { error, ...rest } = crash({}, false)
    const coded = consumerCrashed({ error, ...rest })
    expect(coded).toMatchObject({ code: 'CONSUMER_CRASHED', details: { groupId: 'g' } })
    expect(coded.cause).toBe(error)
  })
})
