export type { PrismaClientLike, TransactionOf } from './prisma-client.js'
export { type PrismaStore, type PrismaStoreOptions, prismaStore } from './prisma-store.js'
