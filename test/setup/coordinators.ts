import { randomUUID } from 'node:crypto'
import { type Admin, Kafka, logLevel } from 'kafkajs'

/**
 * Resolves when a new cluster coordinates groups and transactions: it makes its topics of them when it is first asked, for longer, on a
 * busy machine, than a client of a test may wait that retries a few times.
 */
export async function haveCoordinators(brokers: readonly string[]): Promise<void> {
  const retry = { initialRetryTime: 50, maxRetryTime: 1_000, retries: 60 }
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, retry })
  const id = `first-${randomUUID()}`
  const admin = kafka.admin()
  const producer = kafka.producer({ transactionalId: id, maxInFlightRequests: 1, idempotent: true, retry })
  await Promise.all([admin.connect(), producer.connect()])
  while (!(await isCoordinated(admin, id)));
  await Promise.all([admin.disconnect(), producer.disconnect()])
}

// A coordinator is known before it knows itself, and kafkajs does not ask it again.
function isCoordinated(admin: Admin, groupId: string): Promise<boolean> {
  return admin.fetchOffsets({ groupId }).then(
    () => true,
    (error: { readonly retriable?: boolean }) => {
      if (error.retriable) return false
      throw error
    },
  )
}
