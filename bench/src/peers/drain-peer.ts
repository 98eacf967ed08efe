import { round } from '../comparison.js'
import type { PeerScene } from './peer-scene.js'

/** Longest time for a backlog, in milliseconds. */
const limitMs = 40_000
const warmUp = 2_000

/** How fast a backlog went. */
export interface DrainFigures {
  readonly messages: number
  /** How many had arrived when the time was over: all of them, if the peer was fast enough. */
  readonly arrived: number
  /** Messages a second. */
  readonly rate: number
}

/**
 * Commits a backlog in one transaction beside the running peer, and times what arrives from then on; after some that do not
 * count.
 */
export async function drainPeer(scene: PeerScene, messages: number): Promise<DrainFigures> {
  await timed(scene, warmUp)
  const { arrived, elapsed } = await timed(scene, messages)
  return { messages, arrived, rate: round(arrived / (elapsed / 1_000)) }
}

async function timed(
  { relay, watch }: PeerScene,
  messages: number,
): Promise<{ arrived: number; elapsed: number }> {
  const before = watch.records
  await relay.fill(messages)
  const started = performance.now()
  const elapsed = (): number => performance.now() - started
  await watch.until(() => watch.records - before >= messages || elapsed() >= limitMs, limitMs)
  return { arrived: watch.records - before, elapsed: elapsed() }
}
