/**
 * What Pigeonhole asks of a Prisma client, by its shape: nothing here imports `@prisma/client`, so that any generated
 * client fits, wherever it was generated and however it was extended.
 */
export interface PrismaClientLike {
  $transaction(work: never, options?: never): Promise<unknown>
  readonly $extends: unknown
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
  /** The same client, whose statements go through a hook. It shares its connections. */
  $extends(extension: QueryExtension): CallablePrismaClient<Tx>
  $transaction<R>(work: (tx: Tx) => Promise<R>, options: PrismaTransactionOptions): Promise<R>
}

/** The part of a `tx` that is called. */
export interface RawQueries {
  $queryRawUnsafe(query: string, ...values: unknown[]): PromiseLike<unknown>
}

/** A statement on its way, as an extension of Prisma's sees it. */
export interface QueryHook {
  /** Of a raw query its text and values. */
  readonly args: unknown
  readonly query: (args: unknown) => Promise<unknown>
}

/** An extension of Prisma's that sees every statement. */
export interface QueryExtension {
  readonly query: { readonly $allOperations: (operation: QueryHook) => Promise<unknown> }
}
