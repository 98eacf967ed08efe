// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const onServers = { spec: 'test/run-inbox/deadlines.e2e.spec.ts' }
const begin = { ...onServers, file: 'packages/postgres/src/pg/begin.ts' }
const prisma = { ...onServers, file: 'packages/prisma/src/prisma-store.ts' }
const settings = { test: 'has statements, pauses and waits for locks bounded by its one timeoutMs' }

/** What ends a handler's transaction, through both clients. @type {readonly GuardEntry[]} */
export const deadlineGuards = [
  {
    ...begin,
    ...settings,
    name: 'no statement of a handler lasts longer than its time',
    find: '    `SET LOCAL statement_timeout = ${milliseconds}`,\n',
    replace: '',
  },
  {
    ...begin,
    ...settings,
    name: 'no pause of a handler lasts longer than its time',
    find: '    `SET LOCAL idle_in_transaction_session_timeout = ${milliseconds}`,\n',
    replace: '',
  },
  {
    ...begin,
    name: 'a handler that waits for a lock learns that it was a lock',
    find: ', `SET LOCAL lock_timeout = ${Math.ceil(timeoutMs / 2)}`',
    replace: '',
    test: 'that waits for the lock of another one gives up in half of its time',
  },
  {
    ...onServers,
    file: 'packages/postgres/src/sql/server/set-timeouts.ts',
    name: 'a handler that waits for a lock learns that it was a lock, through Prisma',
    find: "set_config('lock_timeout', $2::text, true)",
    replace: "set_config('application_name', $2::text, true)",
    test: 'that waits for the lock of another one gives up in half of its time',
  },
  {
    ...prisma,
    name: 'Prisma’s own limit does not end a handler',
    find: '      timeout: timeoutMs,\n',
    replace: '      timeout: Math.min(timeoutMs, 5_000),\n',
    test: 'lasts for longer than five seconds, Prisma’s own limit',
  },
  {
    ...prisma,
    name: 'a full disk is not the handler’s fault, through Prisma',
    find: '/^(08|53|57P)/',
    replace: '/^(08|57P)/',
    test: 'that finds the disk full, time and again',
  },
  {
    ...onServers,
    file: 'packages/core/src/lifecycle/time-limit.ts',
    name: 'a handler’s signal aborts when its time is up',
    find: 'late.abort(timedOut())',
    replace: 'void [late, timedOut]',
    test: 'whose handler heeds its signal ends with it',
  },
  {
    ...onServers,
    file: 'packages/core/src/inbox/handler-transaction.ts',
    name: 'a handler that swallows a violation has handled nothing',
    find: 'if (!(await options.store.isUsable(tx))) throw',
    replace: "if (options.name === '') throw",
    test: 'in which a unique violation was swallowed',
  },
  {
    ...onServers,
    file: 'packages/postgres/src/pg/transaction.ts',
    name: 'a conflict that COMMIT finds is not the handler’s fault',
    find: 'throw driverError(error, schema) ?? (isRefusal(error) ?',
    replace: 'throw (isRefusal(error) ?',
    test: 'that ends at COMMIT by a conflict',
  },
]
