// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const send = {
  file: 'packages/pigeonhole/src/commands/send.ts',
  spec: 'packages/pigeonhole/src/commands/send.e2e.spec.ts',
}

const sendInterrupted = { spec: 'packages/pigeonhole/src/commands/send-interrupted.e2e.spec.ts' }

/** What the commands are held to. @type {readonly GuardEntry[]} */
export const commandGuards = [
  {
    ...send,
    name: 'nothing is published to a topic that is not there',
    find: '  const watch = await watchTopic(kafka, message.topic)\n',
    replace:
      '  const watching = watchTopic(kafka, message.topic)\n  watching.catch(() => undefined)\n  const watch: TopicWatch = {\n    find: async (...asked) => (await watching).find(...asked),\n    close: async () => watching.then((known) => known.close(), () => undefined),\n  }\n',
    test: 'publishes nothing to a topic that is not there',
  },
  {
    ...send,
    name: 'a tombstone names its key',
    find: "  if (typeof key !== 'string')\n    throw invalid('key', 'A tombstone needs --key: it says which key has no value any more')\n  return { topic, value: null, key }\n",
    replace: '  return { topic, value: null, key: String(key) }\n',
    test: '["send","t","--tombstone"] is refused as a usage error',
  },
  {
    ...sendInterrupted,
    file: 'packages/pigeonhole/src/commands/send.ts',
    name: 'what is interrupted within COMMIT is not said to be uncommitted',
    find: '    commits(id)\n',
    replace: '',
    test: 'within COMMIT, waits for its outcome and says it',
  },
  {
    ...sendInterrupted,
    file: 'packages/pigeonhole/src/commands/publication.ts',
    name: 'the outcome of a COMMIT is waited for before it is told',
    find: '      soon: this.#ended.then(() => (this.#committed ? committed : undefined)),\n',
    replace: '',
    test: 'within COMMIT, waits for its outcome and says it',
  },
  {
    ...sendInterrupted,
    file: 'packages/pigeonhole/src/commands/publication.ts',
    name: 'what is committed is said to be published later',
    find: '    if (this.#committed) return { now: committed }\n',
    replace: "    if (this.#committed) return { now: 'nothing was committed.' }\n",
    test: 'behind COMMIT, says that the relay will publish it',
  },
  {
    ...sendInterrupted,
    file: 'packages/pigeonhole/src/bin.ts',
    name: 'a signal is answered before a command begins',
    find: "const begun = endBySignal({ account: () => ({ now: 'nothing was done.' }), warn })\n",
    replace: 'const begun = (): typeof endBySignal => endBySignal\n',
    test: 'before it begins, says that nothing was done',
  },
  {
    name: 'a command whose output nobody reads any more ends with its own code',
    file: 'packages/pigeonhole/src/bin.ts',
    spec: 'packages/pigeonhole/src/bin.int.spec.ts',
    find: "    if (error.code !== 'EPIPE') throw error\n",
    replace: '    throw error\n',
    test: 'ends with its own code and says nothing where nobody reads it any more',
  },
  {
    name: 'a payload is printed byte for byte',
    file: 'packages/pigeonhole/src/commands/parked/parked.ts',
    spec: 'packages/pigeonhole/src/commands/parked/parked.int.spec.ts',
    find: "terminal.print(message.payload ?? '')",
    replace: "terminal.print(String(message.payload ?? ''))",
    test: 'prints a payload that is no text byte for byte',
  },
  {
    name: "Pigeonhole's migrations run behind one of the end of time",
    file: 'packages/pigeonhole/src/project/migration-stamp.ts',
    spec: 'test/prisma/migrate.full.spec.ts',
    find: 'return time.length === digits && time >= least ? time : least\n',
    replace: 'return time.slice(0, digits)\n',
    test: 'gets the tables behind them: 99991231235959_init',
  },
  {
    name: 'nobody is asked about no message',
    file: 'packages/pigeonhole/src/commands/parked/parked.ts',
    spec: 'packages/pigeonhole/src/commands/parked/parked.int.spec.ts',
    find: "    if (meant.length === 0 && flags['yes'] !== true) return tell(side.nothingDiscarded)\n",
    replace: '',
    test: 'says that nothing matches, and asks nobody',
  },
  {
    name: 'an option whose value is empty is refused, and taken neither for a name nor for none',
    file: 'packages/pigeonhole/src/command/program.ts',
    spec: 'packages/pigeonhole/src/commands/inbox/inbox.int.spec.ts',
    find: '      refuseEmptyOptions(command)\n',
    replace: '',
    test: 'takes an empty name for none',
  },
  {
    name: 'a table shows what a terminal would obey as its escape',
    file: 'packages/pigeonhole/src/commands/table.ts',
    spec: 'packages/pigeonhole/src/commands/table.unit.spec.ts',
    find: '[head, ...rows].map((row) => row.map(escapeCell))',
    replace: '[head, ...rows]',
    test: 'shows a colour as its escape',
  },
  {
    name: 'a time longer than a timer takes is refused, and not taken for none',
    file: 'packages/pigeonhole/src/command/read-milliseconds.ts',
    spec: 'packages/pigeonhole/src/command/read-milliseconds.unit.spec.ts',
    find: 'value >= 1 && value <= longestMs',
    replace: 'value >= 1',
    test: 'refuses "2147483648"',
  },
]
