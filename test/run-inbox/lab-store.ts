import type { InboxStore, OutboxStore } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import { prismaStore } from '@pigeonhole/prisma'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { type Prisma, PrismaClient } from '../prisma/fixture/generated/client.js'

/** A store, and how a handler talks to its transaction. */
export interface LabStore<Tx> extends AsyncDisposable {
  readonly store: InboxStore<Tx> & OutboxStore<Tx>
  /** Runs a statement in a handler's transaction. Resolves to its rows. */
  query(tx: Tx, sql: string): Promise<readonly Record<string, unknown>[]>
}

/** Over node-postgres. */
export function openPostgresStore(databaseUrl: string): LabStore<pg.ClientBase> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 5 })
  return {
    store: postgresStore(pool),
    query: async (tx, sql) => (await tx.query(sql)).rows,
    [Symbol.asyncDispose]: () => pool.end(),
  }
}

/** Over Prisma, with its own defaults. */
export function openPrismaStore(databaseUrl: string): LabStore<Prisma.TransactionClient> {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl, max: 5 }) })
  return {
    store: prismaStore(prisma),
    query: (tx, sql) => tx.$queryRawUnsafe(sql),
    [Symbol.asyncDispose]: () => prisma.$disconnect(),
  }
}
