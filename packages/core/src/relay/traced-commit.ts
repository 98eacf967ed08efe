import type { Clock } from '../ports/clock.js'
import type { RelayTracing, SentBatch } from '../ports/tracing.js'
import type { BatchSending } from './batch-sending.js'

/** Whom a commit is told to, and of what. */
export interface ToldCommit extends Pick<SentBatch, 'relay' | 'shard' | 'rows'> {
  readonly tracing: RelayTracing
  readonly clock: Clock
}

/** Has Kafka commit what is being sent, and tells the tracer what came of it. Resolves to how long it took from the first byte. */
export async function commitTraced(sending: BatchSending, told: ToldCommit): Promise<number> {
  const passed = (): number => told.clock.now() - sending.startedAt
  try {
    await sending.commit()
  } catch (error) {
    tell(told, passed(), error)
    throw error
  }
  const durationMs = passed()
  tell(told, durationMs, undefined)
  return durationMs
}

function tell({ tracing, relay, shard, rows }: ToldCommit, durationMs: number, error: unknown): void {
  if (rows.length > 0) tracing.sent({ relay, shard, rows, durationMs, error })
}
