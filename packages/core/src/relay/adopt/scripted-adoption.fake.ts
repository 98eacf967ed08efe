import type { AdoptionTransaction, ParkedOutMessage, UnsettledMessage } from '../../ports/adoption.js'
import type { CallScript } from '../../ports/call-script.fake.js'
import type { RelayBatch } from '../../ports/relay-store.js'

/** The tables that a scripted adoption works on. */
export interface ScriptedTables {
  batches: RelayBatch[]
  unsettled: UnsettledMessage[]
  parkedOut: ParkedOutMessage[]
}

/** What an adoption does in a guarded transaction, on tables in memory. */
export function scriptedAdoption(script: CallScript, tables: ScriptedTables): AdoptionTransaction {
  return {
    readUnsettled: async ({ cursor, copied, after, limit }) => {
      await script.enter('readUnsettled', `${cursor.from}${copied ? ' copied' : ''}`)
      return tables.unsettled.filter(({ seq }) => Number(seq) > Number(after)).slice(0, limit)
    },
    readParkedOut: async () => tables.parkedOut,
    deleteMessages: async (seqs) => {
      await script.enter('deleteMessages', seqs.join(','))
      tables.unsettled = tables.unsettled.filter(({ seq }) => !seqs.includes(seq))
    },
    deleteParkedOut: async (ids) => {
      await script.enter('deleteParkedOut', ids.join(','))
      tables.parkedOut = tables.parkedOut.filter(({ parkedId }) => !ids.includes(parkedId))
    },
    renumberMessages: async () => {
      await script.enter('renumberMessages')
      return tables.unsettled.length
    },
    replaceBatches: async (batch) => {
      await script.enter('replaceBatches', batch.number)
      tables.batches = [batch]
    },
  }
}
