import { randomUUID } from 'node:crypto'
import type { Emitter } from '../events/emitter.js'
import { Balance } from './balance.js'
import type { RelayEvents } from './relay-events.js'
import type { ResolvedRelayOptions } from './relay-options.js'
import { Shard, type ShardSignals } from './shard.js'
import { activeShards } from './shard-map.js'

/**
 * The shards that a relay runs: those that the database's map has. Until the map has been read they are those of the
 * relay's own configuration, each of which finds out for itself whether it is one. The relay only begins shards here: one
 * that is retired loses its lease, and ends when it asks for it again.
 */
export class ShardSet {
  readonly #options: ResolvedRelayOptions
  readonly #events: Emitter<RelayEvents>
  readonly #shards = new Map<number, Shard>()
  readonly #running = new Map<Shard, Promise<void>>()
  /** Identifies this process: it holds every lease that it has under one id, by which others see how many those are. */
  readonly #holder: string = randomUUID()
  readonly #balance: Balance
  /** The numbers of the map as it was told of last. */
  #told: readonly number[] | undefined

  constructor(options: ResolvedRelayOptions, events: Emitter<RelayEvents>) {
    this.#options = options
    this.#events = events
    this.#balance = new Balance(options, this.#holder)
    for (let number = 0; number < options.shards; number++) this.#add(number)
  }

  /** In the order of their numbers. */
  get all(): readonly Shard[] {
    return [...this.#shards.values()].sort((a, b) => a.number - b.number)
  }

  /** Takes nothing from other processes any more. */
  settle(): void {
    this.#balance.end()
  }

  /** Runs every shard of the map, and follows it, until `signals.reading` aborts. Never rejects. */
  async run(signals: ShardSignals): Promise<void> {
    for (const shard of this.#shards.values()) this.#begin(shard, signals)
    const { clock, renewMs } = this.#options
    while (!signals.reading.aborted) {
      await this.#follow(signals)
      await clock.sleep(renewMs, signals.reading)
    }
    while (this.#running.size > 0) await Promise.all(this.#running.values())
  }

  // A store that does not answer is told of by the shards themselves. An outbox without any shard is one that has just lost
  // those which a shard had made, in a failover: a shard that ended for want of itself makes them again.
  async #follow(signals: ShardSignals): Promise<void> {
    const map = await this.#options.store.readShards().catch(() => undefined)
    if (!map || signals.reading.aborted) return
    if (map.length === 0) {
      for (const number of this.#shards.keys()) this.#provide(number, signals)
      return
    }
    const active = activeShards(map)
    for (const [number, shard] of this.#shards)
      if (!active.includes(number) && !this.#running.has(shard)) this.#shards.delete(number)
    for (const number of active) this.#provide(number, signals)
    this.#tell(active)
    void this.#balance.look(map, this.all)
  }

  // One that has halted stays as it is. One that ended because it was retired begins again when it comes back.
  #provide(number: number, signals: ShardSignals): void {
    const shard = this.#shards.get(number) ?? this.#add(number)
    if (!this.#running.has(shard) && shard.state !== 'halted') this.#begin(shard, signals)
  }

  #add(number: number): Shard {
    const shard = new Shard(number, { ...this.#options, holder: this.#holder }, this.#events)
    this.#shards.set(number, shard)
    return shard
  }

  #begin(shard: Shard, signals: ShardSignals): void {
    const running = shard.run(signals).then(() => void this.#running.delete(shard))
    this.#running.set(shard, running)
  }

  #tell(active: readonly number[]): void {
    const first = this.#told === undefined
    if (!first && String(this.#told) === String(active)) return
    this.#told = active
    this.#events.emit('map:read', { shards: active, configured: this.#options.shards, first })
  }
}
