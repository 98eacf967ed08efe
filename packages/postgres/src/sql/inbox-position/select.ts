import type { NextPosition } from '@pigeonhole/core'
import { number, text } from '../decode.js'
import type { Statement } from '../statement.js'

/** An inbox and the partitions that are asked for. */
export interface SelectPositionsParams {
  readonly inbox: string
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[]
}

/** Where an inbox goes on in each of some partitions. */
export const selectInboxPositions: Statement<SelectPositionsParams, NextPosition> = {
  name: 'inbox_position.select',
  text: (schema) => `
    SELECT topic, partition, next_offset::text AS next_offset
    FROM ${schema}.inbox_position
    JOIN unnest($2::text[], $3::int[]) AS wanted (topic, partition) USING (topic, partition)
    WHERE inbox = $1::text`,
  bind: ({ inbox, partitions }) => [
    inbox,
    partitions.map(({ topic }) => topic),
    partitions.map(({ partition }) => partition),
  ],
  decode: (row) => ({
    topic: text(row, 'topic'),
    partition: number(row, 'partition'),
    nextOffset: BigInt(text(row, 'next_offset')),
  }),
}
