export { type PrismaStore, type PrismaStoreOptions, prismaStore } from '@pigeonhole/prisma'
