// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const killers = { spec: 'test/run-inbox/killers.full.spec.ts' }
const members = { spec: 'test/run-inbox/members.full.spec.ts' }
const mode = {
  file: 'packages/kafkajs/src/run-inbox/careful-mode.ts',
  spec: 'packages/kafkajs/src/run-inbox/careful-mode.unit.spec.ts',
}
const worker = { ...killers, file: 'packages/kafkajs/src/run-inbox/partition-worker.ts' }
const store = { spec: 'test/postgres/postgres-store.int.spec.ts' }

/** What finds the message that kills its process, and spares all others. @type {readonly GuardEntry[]} */
export const carefulGuards = [
  {
    ...mode,
    ...killers,
    name: 'a message that kills the process is parked',
    find: 'starts > Math.max(attempts, fewestStarts) ?',
    replace: 'starts > Math.max(attempts, fewestStarts) * 1e6 ?',
    test: 'that exits is parked, and nothing else is',
  },
  {
    ...worker,
    name: 'nothing is handled beside a message that may kill the process',
    find: '    return await handlings.alone(() =>\n',
    replace: '    return await handlings.shared(() =>\n',
    test: 'is told from those that are in handling beside it in the same process, on other partitions',
  },
  {
    file: 'packages/postgres/src/sql/parked-inbox/claim-terms.ts',
    ...store,
    name: 'a parked message that kills the process is found by its starts',
    find: "WHEN starts >= $7::int THEN 'killer'",
    replace: "WHEN starts >= $7::int + 1000 THEN 'killer'",
    test: 'waits for an operator after claims that nobody has ended',
  },
  {
    file: 'packages/postgres/src/sql/parked-inbox/claim-terms.ts',
    ...killers,
    name: 'a parked message that kills the process is found by its starts, seen with processes',
    find: "WHEN starts >= $7::int THEN 'killer'",
    replace: "WHEN starts >= $7::int + 1000 THEN 'killer'",
    test: 'and is handled again because an operator says so kills one process more',
  },
  {
    file: 'packages/postgres/src/sql/parked-inbox/claim-terms.ts',
    ...store,
    name: 'a parked message that may kill the process is handled alone',
    find: "WHEN starts > 0 AND NOT $6::boolean THEN 'suspect'",
    replace: "WHEN starts > 1000 AND NOT $6::boolean THEN 'suspect'",
    test: 'waits for an operator after claims that nobody has ended',
  },
  {
    file: 'packages/postgres/src/sql/parked-inbox/return-claim.ts',
    ...store,
    name: 'a start of a parked message that the process survives is taken back',
    find: 'SET attempts = greatest(attempts - 1, 0), starts = greatest(starts - 1, 0)\n    WHERE',
    replace: 'SET attempts = greatest(attempts - 1, 0)\n    WHERE',
    test: 'that fails, or is given back, has ended its start',
  },
  {
    ...mode,
    name: 'a start that the process survives is taken back',
    find: '      else await this.#end().catch(() => undefined)\n',
    replace: '',
    test: 'notes the end of a start that fails, or that comes to nothing',
  },
  {
    ...mode,
    name: 'a start that could not be taken back is, before the next',
    find: '    await this.#end()\n    if (!inbox',
    replace: '    if (!inbox',
    test: 'does not start a message again before the database has heard of its end',
  },
  {
    ...mode,
    ...killers,
    name: 'deployments while there is nothing to do are no sign of a killer',
    find: 'if (count.claims < carefulAt && count.starts === 0) return',
    replace: 'if (count.claims < 1 && count.starts === 0) return',
    test: 'is none where deployments follow one another while there is nothing to do',
  },
  {
    ...mode,
    name: 'care lasts for as many messages as one transaction holds',
    find: 'this.#left = inbox.keepsPositions ? group : Math.max(group, lag)',
    replace: 'this.#left = inbox.keepsPositions ? 1 : lag',
    test: 'is on for as many messages as one transaction may have handled',
  },
  {
    ...mode,
    name: 'consumers that are paused are no reason to park',
    find: 'const fewestStarts = 3',
    replace: 'const fewestStarts = 1',
    test: 'with 1 attempts, after 2 starts without an end',
  },
  {
    ...mode,
    name: 'a start that was survived a moment ago parks nothing',
    find: '        this.#seeAgain(position, starts - 1)\n',
    replace: '        void this.#seeAgain\n',
    test: 'parks at the second sight',
  },
  {
    ...worker,
    spec: 'packages/kafkajs/src/run-inbox/partition-lane.unit.spec.ts',
    name: 'a position is waited for beside the other handlers of the process',
    find: '    await this.#care.waitForTurn(position)\n',
    replace: '    await handlings.alone(() => this.#care.waitForTurn(position))\n',
    test: 'waits for a position that another owner holds while others handle beside it in the process',
  },
  {
    ...mode,
    ...members,
    name: 'consumers that are paused are no reason to park, seen with processes',
    find: 'const fewestStarts = 3',
    replace: 'const fewestStarts = 1',
    test: 'whose owner is paused with the position in its hands do not park anything, nor where',
  },
  {
    ...store,
    file: 'packages/postgres/src/sql/inbox-claim/start.ts',
    name: 'who waits for the position has started nothing',
    find: '      FOR NO KEY UPDATE\n',
    replace: '',
    test: 'waits until who has its position',
  },
  {
    ...store,
    file: 'packages/postgres/src/sql/inbox-claim/claim.ts',
    name: 'progress ends the count of claims',
    find: 'THEN held.claims + 1 ELSE 1 END',
    replace: 'THEN held.claims + 1 ELSE held.claims + 1 END',
    test: 'counts how often a partition is begun at an offset, and begins again at another one',
  },
  {
    ...mode,
    spec: 'test/run-inbox/rewind.e2e.spec.ts',
    name: 'a message that was handled with care is not blamed for it when it comes again',
    find: '    if (done > 0) await inbox.finishMessage(position).catch(() => undefined)\n',
    replace: '',
    test: 'never parks a message for having been read again and again',
  },
  {
    ...store,
    file: 'packages/postgres/src/sql/inbox-position/rewind.ts',
    name: 'a rewind forgets what was noted of starts',
    find: 'SET claims = 0, starts = 0',
    replace: 'SET claims = held.claims',
    test: 'has what was noted of starts forgotten',
  },
]
