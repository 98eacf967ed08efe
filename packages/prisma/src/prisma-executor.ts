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
        return rowsOf(await tx.$queryRawUnsafe(text, ...values))
      } catch (error) {
        if (isTransactionOver(error)) throw outsideTransaction(error)
        throw prismaError(error, schema) ?? error
      }
    },
  }
}

// Prisma 7.10 gives undefined where the statement before this one has failed while both were under way.
function rowsOf(result: unknown): readonly SqlRow[] {
  if (Array.isArray(result)) return result as SqlRow[]
  throw new Error(
    'A statement of the same transaction has failed, and PostgreSQL has given the transaction up: await each statement, ' +
      'and let its error pass',
  )
}
