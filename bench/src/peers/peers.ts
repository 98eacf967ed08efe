import type { BenchServers } from '../bench-servers.js'
import { type Percentiles, perSecond, race } from '../relay-latency.js'
import { debezium } from './debezium.js'
import { type DrainFigures, drainPeer } from './drain-peer.js'
import { type KillFigures, killPeer } from './kill-peer.js'
import type { Peer } from './peer.js'
import { type PeerScene, withPeer } from './peer-scene.js'
import { pollingListener, replicationListener } from './pg-transactional-outbox.js'
import { pigeonhole } from './pigeonhole.js'
import { skipLockedRelay } from './skip-locked-relay.js'

/** All that is measured of a peer. */
export interface PeerFigures {
  readonly name: string
  readonly version: string
  readonly promise: string
  readonly drain: DrainFigures
  /** From the moment that COMMIT is sent to the consumer, at 200 messages a second. */
  readonly latency: Percentiles
  readonly kill: KillFigures
}

/** How to make each peer, by the name that the command line knows. */
export const peers: Readonly<Record<string, (servers: BenchServers) => Peer | Promise<Peer>>> = {
  pigeonhole,
  'skip-locked': skipLockedRelay,
  'pg-transactional-outbox-polling': pollingListener,
  'pg-transactional-outbox-replication': replicationListener,
  debezium,
}

/** Measures peers one after the other, each in three scenes: a backlog, a steady rate, and kill -9. */
export async function measurePeers(
  servers: BenchServers,
  { names, seed }: { readonly names: readonly string[]; readonly seed: string },
): Promise<PeerFigures[]> {
  const figures: PeerFigures[] = []
  for (const name of names) {
    await using peer = await peers[name]?.(servers)
    if (peer) figures.push(await measure(servers, peer, seed))
  }
  return figures
}

async function measure(servers: BenchServers, peer: Peer, seed: string): Promise<PeerFigures> {
  const { messages, seconds, kills } = servers.full
    ? { messages: 200_000, seconds: 20, kills: 20 }
    : { messages: 50_000, seconds: 10, kills: 5 }
  const scene = <R>(work: (scene: PeerScene) => Promise<R>): Promise<R> => withPeer(servers, peer, work)
  const { name, version, promise } = peer
  const drain = await scene((one) => drainPeer(one, messages))
  const latency = await scene((one) => raceOf(one, seconds))
  const kill = await scene((one) => killPeer(one, { kills, seed }))
  const figures = { name, version, promise, drain, latency, kill }
  process.stderr.write(`peers: ${JSON.stringify(figures)}\n`)
  return figures
}

async function raceOf(scene: PeerScene, seconds: number): Promise<Percentiles> {
  const { servers, topic, watch, publish } = scene
  await watch.close() // The race has a consumer of its own.
  let sent = 0
  return await race(servers, { name: topic, seconds }, async (id, started) => {
    sent += 1
    const value = JSON.stringify({ text: 'x'.repeat(150) })
    await publish({ id, key: `key-${sent % (5 * perSecond)}`, value }, started)
  })
}
