import { isAccessRefusal, refusalOf } from '../publisher/broker-errors.js'

/** What asks whether a transactional id may be used. */
export interface TransactionBroker {
  endTxn(request: {
    readonly transactionalId: string
    readonly producerId: string
    readonly producerEpoch: number
    readonly transactionResult: boolean
  }): Promise<unknown>
}

/** No producer has it: brokers count up from 0. */
const nobody = '9223372036854775807'

/**
 * Whether who asks may WRITE to a transactional id. Kafka has no request for this, and InitProducerId would fence the relay that
 * runs. EndTxn for a producer that there cannot be changes nothing: who may not write is told so before anything is looked
 * up, everyone else that this producer is not the id's, or that another broker knows.
 */
export async function mayWriteTransactions(
  broker: TransactionBroker,
  transactionalId: string,
): Promise<boolean | undefined> {
  try {
    await broker.endTxn({
      transactionalId,
      producerId: nobody,
      producerEpoch: 0,
      transactionResult: false,
    })
    return undefined
  } catch (error) {
    const refusal = refusalOf(error)
    return refusal ? !isAccessRefusal(refusal) : undefined
  }
}
