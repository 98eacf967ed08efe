import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../generated/orders/client.js'

/** A client of the order service's database. */
export function openOrdersDatabase(connectionString: string): PrismaClient {
  return new PrismaClient({ adapter: new PrismaPg({ connectionString }) })
}
