import { randomUUID } from 'node:crypto'
import type { CapturedRow } from '@pigeonhole/core'

/** A captured row with what matters to a test. */
export function capturedRow(given: Partial<CapturedRow> & Pick<CapturedRow, 'topic'>): CapturedRow {
  const key = Buffer.from('key')
  const payload = Buffer.from('payload')
  return { id: randomUUID(), key, partition: null, bucket: 0, headers: [], payload, seq: '1', ...given }
}
