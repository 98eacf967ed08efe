// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const folder = 'packages/kafkajs/src/read-committed'
const mark = { file: `${folder}/mark-aborted.ts`, spec: `${folder}/mark-aborted.unit.spec.ts` }
const broker = { ...mark, spec: `${folder}/read-committed.int.spec.ts` }
const correct = {
  file: `${folder}/correct-read-committed.ts`,
  spec: `${folder}/correct-read-committed.unit.spec.ts`,
}

/** What hides the records of aborted transactions from kafkajs's consumers. @type {readonly GuardEntry[]} */
export const readCommittedGuards = [
  {
    ...mark,
    name: 'the list is sorted by first offset',
    find: '[...abortedTransactions].sort(byFirstOffset)',
    replace: '[...abortedTransactions]',
    test: 'takes the list as unsorted',
  },
  {
    ...broker,
    name: 'the list is sorted by first offset, seen on a broker',
    find: '[...abortedTransactions].sort(byFirstOffset)',
    replace: '[...abortedTransactions]',
    test: 'is given what was committed and nothing else, corrected before kafkajs',
  },
  {
    ...mark,
    name: 'every transaction that begins is taken, not one of them',
    find: '    for (let begin = begins[next]; begin && BigInt(begin.firstOffset) <= offset; begin = begins[next]) {',
    replace: '    const begin = begins[next]\n    if (begin && BigInt(begin.firstOffset) <= offset) {',
    test: 'begins every transaction that begins at or before a record, not one of them',
  },
  {
    ...mark,
    name: 'each producer has its own transactions',
    find: 'inTransaction && aborting.has(producerId)',
    replace: 'inTransaction && aborting.size > 0',
    test: 'leaves what other producers committed or sent without a transaction, although it lies in between',
  },
  {
    ...mark,
    name: 'a record outside of a transaction stays',
    find: 'inTransaction && aborting.has(producerId)',
    replace: 'inTransaction !== undefined && aborting.has(producerId)',
    test: 'leaves what other producers committed or sent without a transaction, although it lies in between',
  },
  {
    ...mark,
    name: 'a data key of four zero bytes is no marker',
    find: '    if (record.isControlRecord) {\n',
    replace: '    if (record.isControlRecord || isAbortMarker(record)) {\n',
    test: 'does not take a data key of four zero bytes for a marker',
  },
  {
    ...mark,
    name: 'a marker ends its transaction',
    find: '      if (isAbortMarker(record)) aborting.delete(producerId)\n',
    replace: '',
    test: 'hides the records of an aborted transaction up to its marker',
  },
  {
    ...mark,
    name: 'offsets are numbers of 64 bits',
    find: 'BigInt(begin.firstOffset) <= offset; begin',
    replace: 'Number(begin.firstOffset) <= Number(offset); begin',
    test: 'compares offsets as numbers of 64 bits',
  },
  {
    ...mark,
    name: 'kafkajs’s own filter has nothing left to do',
    find: '  partition.abortedTransactions = []\n',
    replace: '',
    test: 'empties the list, so that the own filter of kafkajs does nothing',
  },
  {
    ...broker,
    name: 'offsets advance past what is hidden',
    find: '  partition.abortedTransactions = []\n',
    replace: [
      '  partition.abortedTransactions = []',
      '  Object.assign(partition, { messages: partition.messages.filter((record) => !record.isControlRecord) })\n',
    ].join('\n'),
    test: 'is given the same where each fetch brings one batch, and ends inside a transaction',
  },
  {
    ...correct,
    name: 'every fetch is corrected',
    find: '    for (const { partitions } of response.responses) partitions.forEach(markAborted)\n',
    replace: '    void markAborted\n',
    test: 'marks what the original method fetched',
  },
  {
    ...correct,
    name: 'a copy is corrected once',
    find: '  if (broker[corrected]) return\n',
    replace: '',
    test: 'corrects a copy once, however often it is called',
  },
  {
    ...correct,
    name: 'code that is not known is not corrected',
    find: "    throw unsupported('another version')\n",
    replace: '    void unsupported\n',
    test: 'refuses a copy whose code is not the known one',
  },
  {
    ...correct,
    file: 'packages/kafkajs/src/kafkajs-copy.ts',
    name: 'another version is refused',
    find: 'if (version !== supportedVersion)',
    replace: "if (version === '')",
    test: 'refuses another version than the one whose internals are known',
  },
  {
    ...correct,
    name: 'a consumer of a copy that is not corrected is refused',
    find: 'if (copy === ownCopy() || correctedCopies.has(copy)) return',
    replace: 'if (copy) return',
    test: 'refuses a consumer of another copy until that is corrected',
  },
]
