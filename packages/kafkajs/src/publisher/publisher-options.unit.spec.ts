import { describe, expect, it } from 'vitest'
import { type KafkajsPublisherOptions, resolvePublisherOptions } from './publisher-options.js'

describe('resolvePublisherOptions', () => {
  it('has a default for each option', () => {
    expect(resolvePublisherOptions({})).toEqual({
      transactionTimeoutMs: 10_000,
      maxRequestBytes: 1_000_000,
      compression: 0,
      checkpointReplicationFactor: -1,
      openTimeoutMs: 15_000,
      topicMetadataMaxAgeMs: 300_000,
    })
  })

  it('takes an option that is undefined for one that is not given', () => {
    const given = { maxRequestBytes: undefined } as unknown as KafkajsPublisherOptions
    expect(resolvePublisherOptions(given).maxRequestBytes).toBe(1_000_000)
  })

  it('names the nearest option of an unknown one', () => {
    const given = { maxRequestByte: 1 } as unknown as KafkajsPublisherOptions
    expect(() => resolvePublisherOptions(given)).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        details: { option: 'maxRequestByte', nearest: 'maxRequestBytes' },
      }),
    )
  })

  it.each([
    ['transactionTimeoutMs', 0],
    ['maxRequestBytes', 1.5],
    ['openTimeoutMs', -1],
    ['topicMetadataMaxAgeMs', Number.NaN],
    ['compression', 5],
    ['checkpointReplicationFactor', 0],
    ['checkpointReplicationFactor', -2],
  ])('refuses %s = %d', (option, value) => {
    expect(() => resolvePublisherOptions({ [option]: value })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option } }),
    )
  })
})
