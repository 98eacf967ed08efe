import { describe, expect, it } from 'vitest'
import { checkpointRecord, parseCheckpoint, parseSession, sessionRecord } from './checkpoint-record.js'

describe('checkpointRecord', () => {
  it('is JSON of a version, in the partition of its shard', () => {
    const record = checkpointRecord(2, { number: 7, token: 't' })
    expect(record).toEqual({ key: 'checkpoint', value: '{"v":1,"number":7,"token":"t"}', partition: 2 })
  })

  it('is read back', () => {
    const { value } = checkpointRecord(0, { number: 7, token: 't' })
    expect(parseCheckpoint(Buffer.from(String(value)))).toEqual({ number: 7, token: 't' })
  })

  it.each([
    ['another version', '{"v":2,"number":7,"token":"t"}'],
    ['no number', '{"v":1,"token":"t"}'],
    ['no token', '{"v":1,"number":7}'],
    ['no JSON', 'x'],
    ['no object', 'null'],
  ])('is refused with %s', (_, text) => {
    expect(() => parseCheckpoint(Buffer.from(text))).toThrow()
  })

  it('is refused as a tombstone', () => {
    expect(() => parseCheckpoint(null)).toThrow()
  })
})

describe('sessionRecord', () => {
  it('is read back', () => {
    const { key, value, partition } = sessionRecord(1, 's')
    expect([key, partition, parseSession(Buffer.from(String(value)))]).toEqual(['session', 1, 's'])
  })
})
