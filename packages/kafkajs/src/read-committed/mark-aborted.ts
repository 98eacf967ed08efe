import type { AbortedTransaction, FetchedPartition, FetchedRecord } from './fetch-response.js'

/**
 * Marks the records of aborted transactions as control records, so that kafkajs hides them and still moves past their
 * offsets, and empties the list of aborted transactions, so that kafkajs's own filter has nothing left to do.
 *
 * That filter delivers aborted records: it takes the list as sorted by first offset, which it is not, takes at most one
 * transaction of it per record, and takes any key of bytes 00 00 00 00 for an abort marker.
 */
export function markAborted(partition: FetchedPartition): void {
  const { abortedTransactions } = partition
  if (!abortedTransactions?.length) return
  const begins = [...abortedTransactions].sort(byFirstOffset)
  const aborting = new Set<string>()
  let next = 0
  for (const record of partition.messages) {
    const offset = BigInt(record.offset)
    for (let begin = begins[next]; begin && BigInt(begin.firstOffset) <= offset; begin = begins[next]) {
      aborting.add(begin.producerId)
      next += 1
    }
    const { producerId, inTransaction } = record.batchContext
    if (record.isControlRecord) {
      if (isAbortMarker(record)) aborting.delete(producerId)
    } else if (inTransaction && aborting.has(producerId)) {
      record.isControlRecord = true
    }
  }
  partition.abortedTransactions = []
}

function byFirstOffset(a: AbortedTransaction, b: AbortedTransaction): number {
  return BigInt(a.firstOffset) < BigInt(b.firstOffset) ? -1 : 1
}

// The key of a control record is its version and its type, an int16 each; type 0 aborts, type 1 commits.
function isAbortMarker({ key }: FetchedRecord): boolean {
  return key !== null && key.length >= 4 && key.readInt16BE(2) === 0
}
