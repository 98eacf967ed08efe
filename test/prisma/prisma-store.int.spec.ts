import { prismaStore } from '@pigeonhole/prisma'
import {
  type OpenTransaction,
  type StoreSubject,
  testIdempotencyStore,
  testInboxStore,
  testMonitorStore,
  testOutboxStore,
  testRelayStore,
} from '@pigeonhole/testing/conformance'
import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll, beforeAll } from 'vitest'
import { StoreDatabase } from '../postgres/store-database.js'
import { type Prisma, PrismaClient } from './fixture/generated/client.js'

let database: StoreDatabase
let prisma: PrismaClient

beforeAll(async () => {
  database = await StoreDatabase.create()
  prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url, max: 20 }) })
})

afterAll(async () => {
  await prisma.$disconnect()
  await database.drop()
})

const subject: StoreSubject<Prisma.TransactionClient> = {
  name: 'prismaStore',
  supports: { relay: false },
  async open() {
    const schema = await database.newSchema()
    return {
      store: prismaStore(prisma, { schema }),
      outside: prisma,
      begin: () => begin(prisma),
      async failStatement(tx) {
        await tx.$executeRawUnsafe('SELECT 1 / 0').catch(() => undefined)
      },
      readMessages: () => database.readMessages(schema),
      close: async () => undefined,
    }
  },
}

/** An interactive transaction that ends when it is told to. */
function begin(client: PrismaClient): Promise<OpenTransaction<Prisma.TransactionClient>> {
  return new Promise((resolve, reject) => {
    const rolledBack = new Error('rolled back')
    const running = client.$transaction(
      (tx) =>
        new Promise<void>((commit, rollback) => {
          resolve({
            tx,
            commit: async () => {
              commit()
              await running
            },
            rollback: async () => {
              rollback(rolledBack)
              await running.catch(() => undefined)
            },
          })
        }),
      { maxWait: 30_000, timeout: 30_000 },
    )
    running.catch(reject)
  })
}

testOutboxStore(subject)
testInboxStore(subject)
testIdempotencyStore(subject)
testRelayStore(subject)
testMonitorStore(subject)
