import type pg from 'pg'
import type { BenchServers } from '../bench-servers.js'

/** One message to publish. */
export interface PeerMessage {
  /** Comes out as the header `id`, by which the bench tells messages apart. */
  readonly id: string
  readonly key: string
  /** JSON, as some peers take nothing else. */
  readonly value: string
}

/** Where a peer's messages come from and go to. */
export interface PeerPlace {
  readonly servers: BenchServers
  /** An empty database of its own. */
  readonly databaseUrl: string
  /** Connects to it. */
  readonly pool: pg.Pool
  /** An empty topic of its own. Its name is free for whatever needs one. */
  readonly topic: string
}

/** A peer that is set up at a place, and not started. */
export interface PeerRelay {
  /** Publishes in the transaction of `client`, the way that the peer documents. */
  publish(client: pg.PoolClient, message: PeerMessage): Promise<void>
  /** Commits messages of 200 B with a thousand keys in one transaction, written by the server itself. */
  fill(messages: number): Promise<void>
  /** Starts its process; messages that are committed once this has resolved will be sent. */
  start(): Promise<void>
  /** SIGKILL to its process. */
  kill(): Promise<void>
  /** Ends it, and takes away what it keeps outside of the place's database. */
  stop(): Promise<void>
}

/** A way to bring messages from PostgreSQL to Kafka. */
export interface Peer extends AsyncDisposable {
  readonly name: string
  readonly version: string
  /** What it promises, in its own words. */
  readonly promise: string
  install(place: PeerPlace): Promise<PeerRelay>
}

/** The value of a filled message, an SQL expression: 200 B of JSON. */
export const filledValue = `'{"text":"' || repeat('x', 189) || '"}'`
