import { describe, expect, it } from 'vitest'
import type { AbortedTransaction, FetchedPartition, FetchedRecord } from './fetch-response.js'
import { markAborted } from './mark-aborted.js'

interface Given {
  readonly producer: number
  readonly key?: Buffer | null
  readonly inTransaction?: boolean
  readonly isControlRecord?: boolean
}

const abortMarker = Buffer.from([0, 0, 0, 0])
const commitMarker = Buffer.from([0, 0, 0, 1])

const data = (producer: number, key: Buffer | null = null): Given => ({ producer, key })
const outside = (producer: number): Given => ({ producer, inTransaction: false })
const abort = (producer: number): Given => ({ producer, key: abortMarker, isControlRecord: true })
const commit = (producer: number): Given => ({ producer, key: commitMarker, isControlRecord: true })

function fetched(offset: number, given: Given): FetchedRecord {
  const { producer, key = null, inTransaction = true, isControlRecord = false } = given
  const batchContext = {
    firstOffset: String(offset),
    lastOffsetDelta: 0,
    producerId: String(producer),
    inTransaction,
  }
  return { offset: String(offset), key, value: null, isControlRecord, batchContext }
}

function partition(
  start: number,
  records: readonly Given[],
  abortedTransactions: readonly AbortedTransaction[],
): FetchedPartition {
  return {
    partition: 0,
    messages: records.map((given, index) => fetched(start + index, given)),
    abortedTransactions,
  }
}

const from = (producerId: number, firstOffset: number): AbortedTransaction => ({
  producerId: String(producerId),
  firstOffset: String(firstOffset),
})

/** Offsets of what a consumer would be given. */
function delivered(given: FetchedPartition): number[] {
  markAborted(given)
  return given.messages.filter(({ isControlRecord }) => !isControlRecord).map(({ offset }) => Number(offset))
}

describe('markAborted', () => {
  it('hides the records of an aborted transaction up to its marker', () => {
    const given = partition(0, [data(1), data(1), abort(1), data(1), commit(1)], [from(1, 0)])
    expect(delivered(given)).toEqual([3])
  })

  it('takes the list as unsorted', () => {
    const records = [data(1), data(2), data(2), abort(2), data(1), abort(1), data(3), commit(3)]
    expect(delivered(partition(10, records, [from(2, 11), from(1, 10)]))).toEqual([16])
  })

  it('begins every transaction that begins at or before a record, not one of them', () => {
    const records = [data(1), data(2), abort(1), data(2), abort(2), data(3), commit(3)]
    // Both began before the fetch.
    expect(delivered(partition(20, records, [from(1, 5), from(2, 3)]))).toEqual([25])
  })

  it('does not take a data key of four zero bytes for a marker', () => {
    const records = [data(1), data(1, abortMarker), data(1), abort(1)]
    expect(delivered(partition(0, records, [from(1, 0)]))).toEqual([])
  })

  it('hides several aborted transactions of one producer and nothing of those between them', () => {
    const records = [data(1), abort(1), data(1), commit(1), data(1), abort(1), data(1), commit(1)]
    expect(delivered(partition(0, records, [from(1, 0), from(1, 4)]))).toEqual([2, 6])
  })

  it('goes on hiding where a fetch begins inside a transaction', () => {
    expect(delivered(partition(7, [data(1), abort(1), data(1), commit(1)], [from(1, 2)]))).toEqual([9])
  })

  it('goes on hiding where a fetch ends inside a transaction', () => {
    expect(delivered(partition(0, [data(2), commit(2), data(1), data(1)], [from(1, 2)]))).toEqual([0])
  })

  it('leaves what other producers committed or sent without a transaction, although it lies in between', () => {
    const records = [data(1), data(2), outside(1), outside(3), commit(2), data(1), abort(1)]
    expect(delivered(partition(0, records, [from(1, 0)]))).toEqual([1, 2, 3])
  })

  it('compares offsets as numbers of 64 bits', () => {
    // The next number is none of a double's.
    const start = 2n ** 53n
    const records = [
      { ...fetched(0, data(1)), offset: String(start) },
      { ...fetched(0, data(1)), offset: String(start + 1n) },
    ]
    const aborted = [{ producerId: '1', firstOffset: String(start + 1n) }]
    const given: FetchedPartition = { partition: 0, messages: records, abortedTransactions: aborted }
    markAborted(given)
    expect(records.map(({ isControlRecord }) => isControlRecord)).toEqual([false, true])
  })

  it('empties the list, so that the own filter of kafkajs does nothing', () => {
    const given = partition(0, [data(1), abort(1)], [from(1, 0)])
    markAborted(given)
    expect(given.abortedTransactions).toEqual([])
  })

  it.each([
    ['of a consumer that reads uncommitted records', partition(0, [data(1), abort(1)], [])],
    ['before version 4', { partition: 0, messages: [fetched(0, data(1)), fetched(1, abort(1))] }],
  ])('leaves a response without a list alone: %s', (_, given) => {
    expect(delivered(given)).toEqual([0])
  })
})
