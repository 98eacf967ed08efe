export {
  type PrismaClientLike,
  type PrismaStore,
  type PrismaStoreOptions,
  prismaStore,
  type TransactionOf,
} from '@pigeonhole/prisma'
