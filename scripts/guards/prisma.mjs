// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const faults = { spec: 'test/prisma/prisma-faults.int.spec.ts' }
const store = { ...faults, file: 'packages/prisma/src/prisma-store.ts' }

/** What a Prisma client is held to. @type {readonly GuardEntry[]} */
export const prismaGuards = [
  {
    ...store,
    name: 'a client is no transaction',
    find: "    if (typeof (tx as { readonly $connect?: unknown }).$connect === 'function') throw outsideTransaction()\n",
    replace: '    void outsideTransaction\n',
    test: 'publishing is refused on a client, extended or not',
  },
  {
    ...store,
    name: 'a transaction is READ COMMITTED, whatever the default',
    find: "      isolationLevel: 'ReadCommitted',\n",
    replace: "      isolationLevel: 'Serializable' as 'ReadCommitted',\n",
    test: 'is READ COMMITTED and bounded on the server, whatever the defaults of the database',
  },
  {
    ...store,
    name: 'a transaction is bounded on the server',
    find: '      await boundTransaction(this.#session(tx), timeoutMs)\n',
    replace: '      void boundTransaction\n',
    test: 'is READ COMMITTED and bounded on the server, whatever the defaults of the database',
  },
  {
    ...store,
    name: 'a handler’s lost deadlock is a conflict',
    find: "  if (coded?.code === 'STORE_CONFLICT') return true\n",
    replace: '',
    test: 'that loses a deadlock in the queries of a handler is a conflict, and the other one commits',
  },
  {
    ...store,
    name: 'a swallowed violation does not count as handled',
    find: "new Set(['25P02', '25P01'])",
    replace: "new Set(['25P01'])",
    spec: 'test/prisma/prisma-store.int.spec.ts',
    test: 'is usable until a statement in it fails, also when the error is swallowed',
  },
  {
    ...store,
    name: 'a transaction that its handler has ended does not count',
    find: "new Set(['25P02', '25P01'])",
    replace: "new Set(['25P02'])",
    test: 'does not count as having handled its message: COMMIT',
  },
  {
    ...faults,
    file: 'packages/prisma/src/handler-scope.ts',
    name: 'what a handler has left running is waited for',
    find: '    await Promise.allSettled(this.#running)\n',
    replace: '',
    test: 'of a model, which fails: it counts as handled if, and only if, it has committed',
  },
  {
    ...faults,
    file: 'packages/prisma/src/handler-scope.ts',
    name: 'what comes after a handler has ended is refused',
    find: '    if (this.#last !== undefined && !isStatement(args, this.#last))',
    replace: '    if (this.#last !== undefined && !isStatement && args)',
    test: 'that begins after it has ended: it counts as handled if, and only if, it has committed',
  },
]
