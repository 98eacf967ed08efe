import type { InboxPosition } from '@pigeonhole/core'
import type { PartitionRewind, RewoundPartition } from '@pigeonhole/kafkajs'
import { table } from '../table.js'

/** Where each inbox goes on, or the one that was asked for, a line for each partition. */
export function formatPositions(positions: readonly InboxPosition[], asked?: string): string {
  const who = asked === undefined ? 'No inbox' : `No inbox that is called ${JSON.stringify(asked)}`
  if (positions.length === 0) return `${who} has handled anything yet, or it keeps no positions.\n`
  const rows = positions.map(({ inbox, topic, partition, nextOffset }) => [
    inbox,
    topic,
    String(partition),
    String(nextOffset),
  ])
  return lines(['inbox', 'topic', 'partition', 'next offset'], rows)
}

/** What is about to be rewound. */
export function formatPlan(partitions: readonly PartitionRewind[]): string {
  return lines(
    ['partition', 'goes on at', 'back to', 'offsets'],
    partitions.map(({ partition, from, to }) => [partition, from, to, from - to].map(String)),
  )
}

/** What was rewound. */
export function formatRewound(partitions: readonly RewoundPartition[]): string {
  if (partitions.length === 0) return 'Nothing lies behind: no position has moved.\n'
  return lines(
    ['partition', 'went on at', 'goes on at', 'forgotten'],
    partitions.map(({ partition, from, to, forgotten }) => [partition, from, to, forgotten].map(String)),
  )
}

function lines(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return `${table(head, rows).join('\n')}\n`
}
