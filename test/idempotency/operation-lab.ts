import {
  createIdempotency,
  createOutbox,
  type Idempotency,
  type IdempotencyOptions,
  type IdempotencyStore,
  type OperationOutcome,
  type Outbox,
  type OutboxStore,
} from '@pigeonhole/core'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { prismaStore } from '@pigeonhole/prisma'
import { createDatabase, type TestDatabase } from '@pigeonhole/testing'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { inject } from 'vitest'
import { type Prisma, PrismaClient } from '../prisma/fixture/generated/client.js'
import { placed } from './placed.js'

/** A client that a lab runs operations with. */
export interface LabClient<Tx> {
  readonly store: OutboxStore<Tx> & IdempotencyStore<Tx>
  /** Runs a statement in `tx`, as an application does. */
  sql(tx: Tx, text: string, values?: readonly unknown[]): Promise<void>
  end(): Promise<void>
}

/** A kind of client. */
export interface LabKind<Tx> {
  readonly name: string
  open(url: string): LabClient<Tx>
}

/** node-postgres. */
export const pgKind: LabKind<pg.ClientBase> = {
  name: 'postgresStore',
  open(url) {
    const pool = new pg.Pool({ connectionString: url, max: 20 })
    pool.on('error', () => undefined)
    return {
      store: postgresStore(pool),
      sql: async (client, text, values = []) => void (await client.query(text, [...values])),
      end: () => pool.end(),
    }
  },
}

/** Prisma. */
export const prismaKind: LabKind<Prisma.TransactionClient> = {
  name: 'prismaStore',
  open(url) {
    const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: 20 }) })
    return {
      store: prismaStore(prisma),
      sql: async (tx, text, values = []) => void (await tx.$executeRawUnsafe(text, ...values)),
      end: () => prisma.$disconnect(),
    }
  },
}

/** An operation that places an order of its key's name, and tells of it. */
export function placeOrder<Tx>(
  { store, sql }: LabClient<Tx>,
  key: string,
): Promise<OperationOutcome<string>> {
  const idempotency = createIdempotency({ store, outbox: createOutbox({ store }) })
  return idempotency.run({ operation: 'POST /orders', key, input: key }, async ({ tx, publish }) => {
    await sql(tx, 'INSERT INTO orders (id, name) VALUES ($1, $1)', [key])
    await publish(placed, { id: key })
    return 'placed'
  })
}

/** An order service: a table of orders, whose names are unique, an outbox, and operations on them. */
export class OperationLab<Tx> implements AsyncDisposable {
  readonly url: string
  readonly client: LabClient<Tx>
  readonly outbox: Outbox<Tx>
  /** Looks past the client. */
  readonly pool: pg.Pool
  readonly #database: TestDatabase

  private constructor(database: TestDatabase, kind: LabKind<Tx>) {
    this.#database = database
    this.url = database.url
    this.pool = new pg.Pool({ connectionString: database.url, max: 4 })
    this.pool.on('error', () => undefined)
    this.client = kind.open(database.url)
    this.outbox = createOutbox({ store: this.client.store })
  }

  static async open<Tx>(kind: LabKind<Tx>): Promise<OperationLab<Tx>> {
    const database = await createDatabase({ url: inject('databaseUrl') })
    await migrate({ connectionString: database.url })
    const lab = new OperationLab(database, kind)
    await lab.pool.query('CREATE TABLE orders (id text PRIMARY KEY, name text UNIQUE DEFERRABLE)')
    return lab
  }

  idempotency(options: Partial<IdempotencyOptions<Tx>> = {}): Idempotency<Tx> {
    return createIdempotency({ store: this.client.store, outbox: this.outbox, ...options })
  }

  /** Writes an order in `tx`. */
  place(tx: Tx, id: string, name = id): Promise<void> {
    return this.client.sql(tx, 'INSERT INTO orders (id, name) VALUES ($1, $2)', [id, name])
  }

  /** The committed orders. */
  async orders(): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>('SELECT id FROM orders ORDER BY id')
    return rows.map(({ id }) => id)
  }

  /** The keys of the committed messages, in their order. */
  async messages(): Promise<string[]> {
    const { rows } = await this.pool.query<{ key: Buffer }>(
      'SELECT key FROM pigeonhole.outbox_message ORDER BY seq',
    )
    return rows.map(({ key }) => String(key))
  }

  /** How many orders there are of a name, and messages that tell of it. */
  async countsOf(id: string): Promise<{ readonly orders: number; readonly messages: number }> {
    return {
      orders: (await this.orders()).filter((order) => order === id).length,
      messages: (await this.messages()).filter((message) => message === id).length,
    }
  }

  /** How many keys have an answer. */
  async keys(): Promise<number> {
    return (await this.pool.query('SELECT FROM pigeonhole.idempotency_key')).rowCount ?? 0
  }

  /** Whether a key is kept. */
  async hasKey(key: string): Promise<boolean> {
    const text = 'SELECT FROM pigeonhole.idempotency_key WHERE key = $1'
    return (await this.pool.query(text, [key])).rowCount === 1
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.end()
    await this.pool.end()
    await this.#database.drop()
  }
}
