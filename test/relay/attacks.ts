import { expect } from 'vitest'
import type { Point } from './points.js'
import { type LabServers, RelayLab } from './relay-lab.js'
import type { RelayProcess } from './relay-process-handle.js'
import type { Writers } from './writers.js'

/** Starts a relay that kills itself at `point`, and holds it to having done so. */
async function killAt(lab: RelayLab, point: Point): Promise<void> {
  await killedAt(lab.startRelay({ fault: { ...point, signal: 'SIGKILL' } }))
}

/** Holds a process to killing itself at its point. */
export async function killedAt(victim: RelayProcess): Promise<void> {
  await victim.reached()
  expect(await victim.exited).toEqual({ code: null, signal: 'SIGKILL' })
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

/** A relay is killed at `point`; another one goes on. */
export async function killAndRecover(servers: LabServers, point: Point): Promise<void> {
  await using lab = await RelayLab.open(servers)
  const writers = lab.startWriters()
  await killAt(lab, point)
  await settle(lab, writers, lab.startRelay())
}

/** A relay is killed in the middle of a batch, the next one at `point` of its opening; a third goes on. */
export async function killWhileReopening(servers: LabServers, point: Point): Promise<void> {
  await using lab = await RelayLab.open(servers)
  const writers = lab.startWriters()
  await killAt(lab, { point: 'producer.send:after', occurrence: 3 })
  await killAt(lab, point)
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
