import type {
  CapturedRow,
  PageBounds,
  ParkingReason,
  ParkingTransaction,
  PauseDelays,
} from '@pigeonhole/core'
import { parkBlockedMessages } from '../sql/outbox-message/park-blocked.js'
import { parkOneMessage } from '../sql/outbox-message/park-one.js'
import { lookAtParking } from '../sql/parked-message/look.js'
import { refuseParkedMessage } from '../sql/parked-message/refuse.js'
import { releaseParkedMessages } from '../sql/parked-message/release.js'
import { selectReleases } from '../sql/parked-message/select-releases.js'
import { deleteLiftedTopics } from '../sql/paused-topic/delete-lifted.js'
import { restorePausedTopics } from '../sql/paused-topic/restore.js'
import { upsertPausedTopic } from '../sql/paused-topic/upsert.js'
import { run, runForOne, type SqlSession } from '../sql/statement.js'
import { maybeHeld } from './held-rows.js'

/** What a guarded transaction does about messages that cannot be sent. */
export class SqlParkingTransaction implements ParkingTransaction {
  readonly #session: SqlSession
  readonly #shard: number

  constructor(session: SqlSession, shard: number) {
    this.#session = session
    this.#shard = shard
  }

  async openParking(): Promise<boolean> {
    await run(this.#session, restorePausedTopics, this.#shard)
    return (await runForOne(this.#session, lookAtParking, this.#shard)).parked
  }

  async parkMessage({ seq }: Pick<CapturedRow, 'seq'>, reason: ParkingReason): Promise<boolean> {
    return (await run(this.#session, parkOneMessage, { seq, reason })).length > 0
  }

  async parkBlocked(rows: readonly CapturedRow[]): Promise<ReadonlySet<string>> {
    const seqs = (await maybeHeld(this.#session, this.#shard, rows)).map(({ seq }) => seq)
    if (seqs.length === 0) return new Set()
    return new Set(await run(this.#session, parkBlockedMessages, { shard: this.#shard, seqs }))
  }

  pauseTopic(topic: string, reason: ParkingReason, delays: PauseDelays): Promise<number> {
    return runForOne(this.#session, upsertPausedTopic, { shard: this.#shard, topic, reason, delays })
  }

  readReleases(bounds: PageBounds): Promise<readonly CapturedRow[]> {
    return run(this.#session, selectReleases, { shard: this.#shard, bounds })
  }

  async applyReleases(places: readonly string[]): Promise<readonly string[]> {
    if (places.length > 0) await run(this.#session, releaseParkedMessages, places)
    return run(this.#session, deleteLiftedTopics, this.#shard)
  }

  async refuseRelease(place: string, reason: ParkingReason): Promise<void> {
    await run(this.#session, refuseParkedMessage, { place, reason })
  }
}
