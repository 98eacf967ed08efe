import type { SqlExecutor, SqlRow } from '@pigeonhole/postgres'
import type { RawQueries } from './prisma-client.js'
import { isTransactionOver, outsideTransaction, prismaError } from './prisma-error.js'

/**
 * Runs statements in a Prisma transaction. Never on the client itself: an extension for read replicas would send
 * them to one.
 */
export function prismaExecutor(tx: RawQueries, schema: string): SqlExecutor {
  return {
    async query(text, values) {
      try {
        return (await tx.$queryRawUnsafe(text, ...values)) as readonly SqlRow[]
      } catch (error) {
        if (isTransactionOver(error)) throw outsideTransaction(error)
        throw prismaError(error, schema) ?? error
      }
    },
  }
}
