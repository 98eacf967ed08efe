import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from '../generated/billing/client.js'

/** A client of billing's database. */
export function openBillingDatabase(connectionString: string): PrismaClient {
  return new PrismaClient({ adapter: new PrismaPg({ connectionString }) })
}
