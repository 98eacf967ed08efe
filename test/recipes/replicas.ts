import { PrismaPg } from '@prisma/adapter-pg'
import { readReplicas } from '@prisma/extension-read-replicas'
import { PrismaClient } from '../prisma/fixture/generated/client.js'

const clientOf = (connectionString: string) =>
  new PrismaClient({ adapter: new PrismaPg({ connectionString }) })

// #region replicas
/** Transactions, and what they read, go to the primary; reads outside of one go to the replica. */
export function connect(primaryUrl: string, replicaUrl: string) {
  return clientOf(primaryUrl).$extends(readReplicas({ replicas: [clientOf(replicaUrl)] }))
}
// #endregion
