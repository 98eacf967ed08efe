/**
 * What Pigeonhole asks of a Prisma client, by its shape: nothing here imports `@prisma/client`, so that any generated
 * client fits, wherever it was generated and however it was extended.
 */
export interface PrismaClientLike {
  $transaction(work: never, options?: never): Promise<unknown>
}

/**
 * The type of the `tx` of a client's own interactive transactions, extensions included. A client that could open a
 * connection is no transaction: passing one where a `tx` is asked for is a type error.
 */
export type TransactionOf<Client> = Client extends {
  $transaction(work: (tx: infer Tx) => Promise<unknown>, ...rest: never[]): unknown
}
  ? Tx & { readonly $connect?: never }
  : never

/** The options of an interactive transaction that Pigeonhole sets. */
export interface PrismaTransactionOptions {
  readonly maxWait: number
  readonly timeout: number
  readonly isolationLevel: 'ReadCommitted'
}

/** The part of a client that is called. */
export interface CallablePrismaClient<Tx> {
  $transaction<R>(work: (tx: Tx) => Promise<R>, options: PrismaTransactionOptions): Promise<R>
}

/** The part of a `tx` that is called. */
export interface RawQueries {
  $queryRawUnsafe(query: string, ...values: unknown[]): PromiseLike<unknown>
}
