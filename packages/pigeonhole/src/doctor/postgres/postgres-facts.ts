import type { RelayIdentity, XidHolder } from '@pigeonhole/core'
import type { RolePart } from '@pigeonhole/postgres'

/** All that is read of a PostgreSQL server before anything is judged. */
export interface PostgresFacts {
  /** The schema of the tables, not quoted. */
  readonly schema: string
  /** The role that is connected. */
  readonly role: string
  readonly database: string
  readonly version: { readonly number: number; readonly text: string }
  readonly isStandby: boolean
  /** Settings as a new session of this role in this database has them, by name. */
  readonly settings: ReadonlyMap<string, ServerSetting>
  /** What is set for roles in this database, or for the database. */
  readonly overrides: readonly SettingOverride[]
  /** The version of the tables; null where there are none, undefined where the role may not look. */
  readonly schemaVersion: number | null | undefined
  readonly unloggedTables: readonly string[]
  /** The sequence behind `outbox_message.seq`; null where there is none. */
  readonly sequence: OutboxSequence | null
  readonly roles: readonly RoleFacts[]
  readonly pooler: PoolerMode
  readonly xidHolder: XidHolder | null
  /** Whether the role sees the sessions of other roles. */
  readonly seesSessions: boolean
  readonly connections: ConnectionFacts
  /** By how much the clock of the server is ahead of this machine's, and what the measurement may be off. Milliseconds. */
  readonly clock: ClockOffset
  readonly outbox: OutboxFacts | undefined
  /** Identifies the server with its physical copies; undefined where the role may not ask. */
  readonly systemIdentifier: string | undefined
  readonly relay: RelayDemands
}

/** A setting of the server. */
export interface ServerSetting {
  /** In its base unit: times are in milliseconds. */
  readonly value: string
  /** Where it comes from, as pg_settings says it. */
  readonly source: string
}

/** A setting that `ALTER ROLE` or `ALTER DATABASE` has made. */
export interface SettingOverride {
  /** Null: all roles. */
  readonly role: string | null
  readonly isOfDatabase: boolean
  readonly name: string
  readonly value: string
}

/** The sequence that numbers the messages. */
export interface OutboxSequence {
  readonly cache: number
  readonly increment: number
  readonly cycles: boolean
}

/** A role in one of the parts that a role can have. */
export interface RoleFacts {
  readonly part: AskedPart
  readonly role: string
  readonly exists: boolean
  /** What it lacks, as SQL that can be run. */
  readonly missing: readonly string[]
  /** Tables of whose rows policies hide some from it. */
  readonly hidden: readonly string[]
}

/** What a role does: it owns the tables, or has one of the parts of docs/privileges.md. */
export type AskedPart = 'owner' | RolePart

/** The parts that can be asked for. */
export const askedParts: readonly AskedPart[] = [
  'owner',
  'relay',
  'publisher',
  'consumer',
  'caller',
  'operator',
]

/**
 * What stands between this process and the server. `session`: a pooler that keeps a server's session for each client;
 * `unknown`: a pooler that did not let us find out.
 */
export type PoolerMode = 'none' | 'session' | 'transaction' | 'statement' | 'unknown'

/** How many connections there are, of the limit that leaves the least room. */
export interface ConnectionFacts {
  readonly limitedBy: 'server' | 'database' | 'role'
  readonly limit: number
  readonly used: number
}

/** How far another clock is ahead of this machine's. */
export interface ClockOffset {
  readonly ms: number
  readonly uncertaintyMs: number
}

/** What the tables say that matters to Kafka. */
export interface OutboxFacts {
  readonly identity: RelayIdentity | null
  /** Shards of the map; 0 where no relay has opened the outbox. */
  readonly shards: number
  /** Whether a batch above 0 is recorded. */
  readonly hasSent: boolean
  /** Topics of messages that wait, are parked, or whose topic is paused. */
  readonly topics: readonly string[]
  readonly inboxes: readonly InboxTopic[]
}

/** A topic that an inbox of this database handles. */
export interface InboxTopic {
  readonly inbox: string
  readonly topic: string
}

/** What a relay is going to be run with. */
export interface RelayDemands {
  /** Undefined: neither told nor recorded. */
  readonly name: string | undefined
  readonly shards: number
  /** Longest time of one of its transactions, in milliseconds. */
  readonly transactionMs: number
  /** Connections that one of its processes takes. */
  readonly connections: number
  /** After how long a transaction is told of that keeps tables from being cleaned, in milliseconds. */
  readonly longTransactionMs: number
}
