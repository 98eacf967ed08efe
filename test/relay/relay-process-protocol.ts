import type { DiscardedParking, RetriedParking } from '@pigeonhole/core'

/** How the relay process under test is started: JSON in its first argument. */
export interface RelayProcessOptions {
  readonly name: string
  readonly databaseUrl: string
  readonly brokers: readonly string[]
  readonly leaseMs: number
  readonly renewMs: number
  readonly batchRows: number
  /** Shards of a new outbox, or how many there are to be. Default: 1. */
  readonly shards?: number
  /** How long a broker has to answer a request, in milliseconds. Default: kafkajs's own. */
  readonly requestTimeoutMs?: number
  /** What an operator does with everything that is parked. */
  readonly operation?: 'retryParked' | 'discardParked'
  /** What a consumer handles, and what it publishes of it. */
  readonly handles?: Handles
  /** Where the process ends or stops itself. Default: nowhere. */
  readonly fault?: Fault
}

/** The work of a consumer. */
export interface Handles {
  readonly topics: readonly string[]
  /** The topic that its handler publishes to. */
  readonly publishes: string
  /** Most messages in one transaction. */
  readonly group: number
  /** Whether each partition is begun with care. */
  readonly carefully: boolean
}

/** A signal that the process sends itself when it reaches a point for the `occurrence`th time. */
export interface Fault {
  readonly point: string
  readonly occurrence: number
  readonly signal: 'SIGKILL' | 'SIGSTOP'
}

/** What the process tells: JSON lines on its standard output. */
export type RelayProcessMessage =
  | { readonly type: 'reached'; readonly point: string }
  | {
      readonly type: 'event'
      readonly name: string
      readonly data: { readonly state?: string; readonly error?: string }
    }
  | { readonly type: 'drained' }
  | { readonly type: 'adopted'; readonly outcome: string }
  | { readonly type: 'resharded'; readonly from: number; readonly to: number }
  | { readonly type: 'operated'; readonly outcome: RetriedParking | DiscardedParking }
  | { readonly type: 'adopted'; readonly outcome: 'agreed' | 'declined' | 'adopted' }

/** What the process is told: lines on its standard input. */
export type RelayProcessCommand = 'drain' | 'stop'
