import { MemoryCoordinator } from './memory-coordinator.js'
import { MemoryLog } from './memory-log.js'

/** Kafka in this process, for unit tests: what was committed to its topics, and what it knows of the relays. */
export class MemoryCluster {
  readonly log: MemoryLog = new MemoryLog()
  readonly coordinator: MemoryCoordinator = new MemoryCoordinator()
  /** Most bytes of key, value and headers that a record may have: `max.message.bytes` of Kafka. */
  readonly maxMessageBytes: number = 1_048_576
}
