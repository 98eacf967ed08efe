import { randomUUID } from 'node:crypto'
import { createDatabase } from '@pigeonhole/testing'
import pg from 'pg'
import { type BenchServers, newTopics } from '../bench-servers.js'
import { LogWatch } from './log-watch.js'
import type { Peer, PeerMessage, PeerPlace, PeerRelay } from './peer.js'

/** Longest wait for a relay that has just started, also for a killed one's lease, lock or session to end. */
const startMs = 120_000

/** The key of what only shows that a peer runs. */
export const probeKey = 'probe'

/** A peer that runs at a place of its own. */
export interface PeerScene extends PeerPlace {
  readonly relay: PeerRelay
  readonly watch: LogWatch
  /** Publishes one message in a transaction of its own. `committing` is called just before COMMIT. */
  publish(message: PeerMessage, committing?: () => void): Promise<void>
  /** Commits one message and resolves when it has arrived. */
  probe(): Promise<void>
}

/** Runs `work` with a peer that has just sent its first message, and takes everything down. */
export async function withPeer<R>(
  servers: BenchServers,
  peer: Peer,
  work: (scene: PeerScene) => Promise<R>,
): Promise<R> {
  const [topic = ''] = await newTopics(servers, { topics: 1, partitions: 4 })
  const database = await createDatabase({ url: servers.databaseUrl })
  const pool = new pg.Pool({ connectionString: database.url, max: 20 })
  pool.on('error', () => undefined) // The drop of the database may end a session before the pool has.
  const watch = await LogWatch.open(servers, topic)
  const place: PeerPlace = { servers, databaseUrl: database.url, pool, topic }
  const relay = await peer.install(place)
  try {
    await relay.start()
    const scene = sceneOf(place, relay, watch)
    await scene.probe()
    return await work(scene)
  } finally {
    await relay.stop()
    await watch.close()
    await pool.end()
    await database.drop()
  }
}

function sceneOf(place: PeerPlace, relay: PeerRelay, watch: LogWatch): PeerScene {
  const publish = async (message: PeerMessage, committing?: () => void): Promise<void> => {
    const client = await place.pool.connect()
    await client.query('BEGIN')
    await relay.publish(client, message)
    committing?.()
    await client.query('COMMIT')
    client.release()
  }
  const probe = async (): Promise<void> => {
    const id = randomUUID()
    await publish({ id, key: probeKey, value: '{}' })
    if (!(await watch.until(() => watch.has(id), startMs)))
      throw new Error(`${place.topic}: nothing has arrived within ${startMs} ms`)
  }
  return { ...place, relay, watch, publish, probe }
}
