import { type MonitorStore, originCursor, type ParkingMeasures, type ShardMeasures } from '@pigeonhole/core'
import { allBuckets, type MemoryDatabase, summaryOf } from './memory-database.js'
import { parkingStatus } from './memory-parking-store.js'

/** The monitor's part of a memory store. It has no tables, and cleans up at once: nobody holds anything back. */
export function memoryMonitor(database: MemoryDatabase): MonitorStore {
  return {
    readMeasures: async () => ({
      shards: measure(database),
      parking: measureParking(database),
      tables: [],
      xidHolder: null,
    }),
    readXidHolder: async () => null,
  }
}

function measureParking(database: MemoryDatabase): ParkingMeasures {
  const { messages, pausedTopics } = parkingStatus(database)
  return { messages, atLeast: false, pausedTopics: new Set(pausedTopics.map(({ topic }) => topic)).size }
}

function measure(database: MemoryDatabase): ShardMeasures[] {
  const unmapped = summaryOf(database.uncovered(allBuckets, originCursor))
  if (database.shardMap().length === 0) return [{ shard: null, atLeast: false, ...unmapped }]
  return database
    .shardStatus()
    .filter(({ buckets }) => buckets !== null)
    .map(({ shard, pending, oldestAgeSeconds }) => ({ shard, pending, atLeast: false, oldestAgeSeconds }))
}
