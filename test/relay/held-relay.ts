import { createRelay, type Relay, type RelayEvents } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { observeRelayPublisher, observeRelayStore } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import type { LabServers, RelayLab } from './relay-lab.js'
import { withSmallPartitions } from './small-partitions.js'

/** A point at which a relay is held. */
export interface Hold {
  /** Resolves when it has come there. */
  readonly reached: Promise<void>
  /** Lets it go on. */
  release(): void
}

interface Gate {
  come(): void
  readonly released: Promise<void>
}

/** A relay of a lab in this process, which can be held at points of its ports, and the names of the events that it has told. */
export class HeldRelay implements AsyncDisposable {
  readonly relay: Relay
  readonly told: (keyof RelayEvents)[] = []
  readonly pool: pg.Pool
  readonly #gates = new Map<string, Gate>()
  readonly #releases: (() => void)[] = []

  constructor(servers: LabServers, { name, databaseUrl }: RelayLab, events: readonly (keyof RelayEvents)[]) {
    this.pool = new pg.Pool({ connectionString: databaseUrl })
    const kafka = new Kafka({ brokers: [...servers.kafkaBrokers], logLevel: logLevel.NOTHING })
    const reach = (point: string): Promise<void> => this.#reach(point)
    this.relay = createRelay({
      name,
      // Who is held, in a transaction, while both servers are asked, must not be given up for that: reading the log alone may take as
      // long as the usual limits are.
      store: observeRelayStore(
        withSmallPartitions(postgresStore(this.pool, { relayTimeoutMs: 48_000 })),
        reach,
      ),
      publisher: observeRelayPublisher(kafkajsPublisher(kafka), reach),
      leaseMs: 60_000,
      backoff: { initialMs: 50, maxMs: 200 },
    })
    for (const event of events) this.relay.on(event, () => this.told.push(event))
  }

  /** Holds it when it next comes to `point`. */
  hold(point: string): Hold {
    let come = (): void => undefined
    let release = (): void => undefined
    const reached = new Promise<void>((resolve) => {
      come = resolve
    })
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#gates.set(point, { come, released })
    this.#releases.push(release)
    return { reached, release }
  }

  /** Lets it go on wherever it is held, and ends it at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#gates.clear()
    for (const release of this.#releases) release()
    await this.relay.stop({ signal: AbortSignal.abort() })
    await this.pool.end()
  }

  async #reach(point: string): Promise<void> {
    const gate = this.#gates.get(point)
    if (!gate) return
    this.#gates.delete(point)
    gate.come()
    await gate.released
  }
}
