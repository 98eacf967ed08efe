import { expect } from 'vitest'
import { within } from '../chaos/within.js'
import type { Point } from './points.js'
import { type LabServers, RelayLab } from './relay-lab.js'
import type { RelayProcess } from './relay-process-handle.js'
import type { Fault } from './relay-process-protocol.js'
import type { Writers } from './writers.js'

/** Holds a process to killing itself at its point. */
export async function killedAt(victim: RelayProcess): Promise<void> {
  await victim.reached()
  expect(await victim.exited).toEqual({ code: null, signal: 'SIGKILL' })
}

/** Starts processes one behind the other, and holds each to killing itself at its point. */
export async function killInTurn(
  points: readonly Point[],
  start: (fault: Fault) => RelayProcess | Promise<RelayProcess>,
): Promise<void> {
  for (const point of points) {
    const work = Promise.resolve(start({ ...point, signal: 'SIGKILL' })).then(killedAt)
    await within(60_000, `coming to ${point.point} (${point.occurrence})`, work)
  }
}

/**
 * Starts relays one behind the other, and holds each to killing itself at its point. By the time it starts, the lease of the one before
 * is over: nothing that fences waits for a lease. That of the last one runs out by itself.
 */
export function killRelaysInTurn(lab: RelayLab, points: readonly Point[]): Promise<void> {
  return killInTurn(points, async (fault) => {
    await lab.endLeases()
    return lab.startRelay({ fault })
  })
}

/** Ends the writers behind enough to compare, lets `relays` send what they have committed, and compares database and log. */
export async function settleAll(
  lab: RelayLab,
  writers: Writers,
  relays: readonly RelayProcess[],
): Promise<void> {
  await writers.committed(50)
  await writers.stop()
  await Promise.all(relays.map((relay) => relay.drain()))
  // At rest, a relay deletes all that is confirmed.
  await expect.poll(() => lab.leftInOutbox(), { timeout: 60_000 }).toBe(0)
  for (const relay of relays) expect(await relay.stop()).toEqual({ code: 0, signal: null })
  const verdict = await lab.verdict()
  expect(verdict).toMatchObject({ passed: true, faults: 0 })
  expect(verdict.log.committed).toBeGreaterThanOrEqual(50)
}

/** As `settleAll`, with one relay, which has sent something by then. */
export async function settle(lab: RelayLab, writers: Writers, relay: RelayProcess): Promise<void> {
  await relay.event('batch:published')
  await settleAll(lab, writers, [relay])
}

/** Relays are killed at `points`, one behind the other; another one goes on. */
export async function killAndRecover(servers: LabServers, points: readonly Point[]): Promise<void> {
  await using lab = await RelayLab.open(servers)
  const writers = lab.startWriters()
  await killRelaysInTurn(lab, points)
  await settle(lab, writers, lab.startRelay())
}

/** A relay is killed in the middle of a batch, the next one at a point of its opening, and so on; a last one goes on. */
export async function killWhileReopening(servers: LabServers, points: readonly Point[]): Promise<void> {
  await using lab = await RelayLab.open(servers)
  const writers = lab.startWriters()
  const kills = points.flatMap((point) => [{ point: 'producer.send:after', occurrence: 3 }, point])
  await killRelaysInTurn(lab, kills)
  await settle(lab, writers, lab.startRelay())
}

/** A relay is paused at `point` until another has taken over and published; then it wakes up. */
export async function pauseAndTakeOver(servers: LabServers, point: Point): Promise<void> {
  await using lab = await RelayLab.open(servers)
  const writers = lab.startWriters()
  const paused = lab.startRelay({ fault: { ...point, signal: 'SIGSTOP' } })
  await paused.reached()
  const second = lab.startRelay()
  await second.event('batch:published')
  paused.signal('SIGCONT')
  await paused.event('lease:lost')
  // While the other one has the lease, unless that one has given it up in trouble of its own: then it takes it at once.
  await paused.told(
    () => paused.count('shard:changed', { state: 'standby' }) > 0 || paused.count('lease:taken') > 1,
  )
  await settle(lab, writers, second)
  // The lease is free now: the one that was paused is a relay like any other.
  expect(await paused.stop()).toEqual({ code: 0, signal: null })
}
