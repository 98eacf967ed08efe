import type { FetchedRecord } from '../read-committed/fetch-response.js'

/** Where to fetch next behind a record. A batch may end behind its last record, where compaction took records out of it. */
export function endOf(
  { batchContext, offset }: Pick<FetchedRecord, 'batchContext' | 'offset'>,
  next: bigint,
): bigint {
  const batchEnd = BigInt(batchContext.firstOffset) + BigInt(batchContext.lastOffsetDelta) + 1n
  const recordEnd = BigInt(offset) + 1n
  return [batchEnd, recordEnd, next].reduce((a, b) => (a > b ? a : b))
}
