import type { QueryExtension, QueryHook } from './prisma-client.js'
import { outsideTransaction } from './prisma-error.js'

/** The statement that asks whether a transaction can still commit. */
export const probeStatement = 'SAVEPOINT pigeonhole'

/**
 * The statements of one handler's transaction. What the handler has left running when it ends is waited for, and what comes
 * after is refused: a statement that fails between the question whether the transaction can commit and its COMMIT makes
 * that a ROLLBACK, which Prisma 7.10 does not tell from a commit. It also gives `undefined`, and no error, for a statement
 * that follows a failed one while both are under way.
 */
export class HandlerScope {
  readonly #running = new Set<Promise<unknown>>()
  /** The one statement that may still be run; undefined until the handler has ended. */
  #last: string | undefined

  /** Makes a client whose transactions are in this scope. */
  get extension(): QueryExtension {
    return { query: { $allOperations: (operation) => this.#run(operation) } }
  }

  /** Resolves when nothing is under way any more, and nothing will be but the statement `last`. */
  async end(last: string): Promise<void> {
    this.#last = last
    await Promise.allSettled(this.#running)
  }

  #run({ args, query }: QueryHook): Promise<unknown> {
    if (this.#last !== undefined && !isStatement(args, this.#last))
      return Promise.reject(outsideTransaction())
    const running = query(args)
    const settled = (): void => void this.#running.delete(running)
    this.#running.add(running)
    running.then(settled, settled)
    return running
  }
}

function isStatement(args: unknown, text: string): boolean {
  return Array.isArray(args) && args[0] === text
}
