import type { ReaderLag, ReaderPosition } from '@pigeonhole/kafkajs'
import type { FoundLags, FoundPosition } from './browser/page-state.js'

/** Asks Kafka how far readers are behind, in the order of their positions. */
export type ReadLags = (positions: readonly ReaderPosition[]) => Promise<readonly (ReaderLag | null)[]>

/** Most positions of which Kafka is asked. */
const askedPositions = 500

/** Finds how far inboxes are behind. Where there are none Kafka is not asked. */
export async function findLags(readLags: ReadLags, positions: readonly FoundPosition[]): Promise<FoundLags> {
  const asked = positions.slice(0, askedPositions)
  const read = asked.map(({ nextOffset, ...place }) => ({ ...place, nextOffset: BigInt(nextOffset) }))
  const found = read.length === 0 ? [] : await readLags(read)
  const lags = asked.flatMap(({ inbox, topic, partition }, index) => {
    const lag = found[index]
    if (!lag) return []
    const { end, offsets, messages } = lag
    const counted = messages === null ? null : String(messages)
    return [{ inbox, topic, partition, end: String(end), offsets: String(offsets), messages: counted }]
  })
  return { at: Date.now(), lags }
}
