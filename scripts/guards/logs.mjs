// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const logs = 'packages/pigeonhole/src/logs'
const fields = { file: `${logs}/error-fields.ts`, spec: `${logs}/error-fields.unit.spec.ts` }
const words = { file: `${logs}/safe-words.ts`, spec: fields.spec }

/** What is never in a log. @type {readonly GuardEntry[]} */
export const logGuards = [
  {
    ...words,
    name: 'words of the database that may quote a value are not logged',
    find: 'code === undefined || wordsWithoutValues.has(code.slice(0, 2))',
    replace: 'code === undefined || wordsWithoutValues.size > 0',
    test: 'leaves out the words of',
  },
  {
    ...words,
    name: 'words of the database that the worker logs quote no row',
    find: 'code === undefined || wordsWithoutValues.has(code.slice(0, 2))',
    replace: 'code === undefined || wordsWithoutValues.size > 0',
    spec: 'test/logs/secrecy.full.spec.ts',
    test: 'where the database quotes the row that it refuses',
  },
  {
    ...fields,
    name: 'what a handler, a codec or a schema says is not logged',
    find: 'return isOurs ? { code, error: error.message } : { code }',
    replace: 'return isOurs ? errorFields(error) : errorFields(error)',
    test: 'has no words of a handler, a codec or a schema',
  },
  {
    ...fields,
    name: 'the reason of a handler that parks is not logged',
    find: " && !isPigeonholeError(error, 'PARK_REQUESTED')",
    replace: '',
    test: 'nor the reason of one that parks',
  },
  {
    file: 'packages/pigeonhole/src/command/describe-error.ts',
    spec: 'packages/pigeonhole/src/command/describe-error.unit.spec.ts',
    name: 'a stack that the command prints has no values of rows',
    find: 'return verbose ? stackOf(error) : headOf(error)',
    replace: 'return verbose ? `${inspect(error)}${stackOf(error)}` : headOf(error)',
    test: 'has none of the values that PostgreSQL names beside its words',
  },
  {
    file: 'packages/core/src/events/emitter.ts',
    spec: 'packages/core/src/events/emitter.unit.spec.ts',
    name: 'the warning for a listener that throws has no values of rows',
    find: 'process.emitWarning(warningOf(error))',
    replace: 'process.emitWarning([error as Error, warningOf(error)][0] as Error)',
    test: 'without the values that PostgreSQL puts beside its words',
  },
]
