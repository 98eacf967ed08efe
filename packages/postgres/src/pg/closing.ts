import type { After } from './kept-statement.js'

const commit: readonly string[] = ['COMMIT']

/** The end of a transaction that commits: COMMIT, sent by itself, or taken along by the last statement. */
export class Closing {
  #isTaken = false
  #isCommitted = false

  /** Whether a statement that comes now would be behind COMMIT: it would commit by itself. */
  get isTaken(): boolean {
    return this.#isTaken
  }

  get isCommitted(): boolean {
    return this.#isCommitted
  }

  /** Has `send` take COMMIT along with a statement that it sends before it returns, the transaction's last one. */
  async taking<R>(send: (after: After) => Promise<R>): Promise<R> {
    const sent = send({ statements: commit, done: this.#done })
    this.#isTaken = true
    return await sent
  }

  readonly #done = (): void => {
    this.#isCommitted = true
  }
}
