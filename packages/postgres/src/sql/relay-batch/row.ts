import type { RelayBatch } from '@pigeonhole/core'
import { counter, text, textOrNull } from '../decode.js'
import type { SqlRow } from '../statement.js'

/** The columns of a batch that are read. */
export const relayBatchColumns = `
      number::text AS number, token, parent, cursor_from::text AS cursor_from, cursor_until::text AS cursor_until,
      last_seq::text AS last_seq, array_to_string(releases, ',') AS releases`

export function decodeRelayBatch(row: SqlRow): RelayBatch {
  const releases = text(row, 'releases')
  return {
    number: counter(row, 'number'),
    token: text(row, 'token'),
    parent: textOrNull(row, 'parent'),
    cursor: {
      from: text(row, 'cursor_from'),
      until: textOrNull(row, 'cursor_until'),
      lastSeq: text(row, 'last_seq'),
    },
    ...(releases === '' ? {} : { releases: releases.split(',') }),
  }
}
