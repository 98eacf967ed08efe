/** Where the process of an order service may be killed: from the first statement of an operation to the answer's first byte. */
export const orderPoints = [
  'begin:sent',
  'lock:before',
  'claim:sent',
  'claim:after',
  'handler:during',
  'answer:sent',
  'answer:after',
  'commit:sent',
  'commit:acknowledged',
] as const

/** One of {@link orderPoints}. */
export type OrderPoint = (typeof orderPoints)[number]

/** How the process of an order service is started: JSON in its first argument. */
export interface OrderProcessOptions {
  readonly databaseUrl: string
  readonly topic: string
  readonly timeoutMs?: number
  readonly expiresMs?: number
  readonly graceMs?: number
  /** Connections to the database. Default: 10. */
  readonly connections?: number
  readonly preparedStatements?: boolean
  /** Where the process kills itself. Default: nowhere. */
  readonly point?: OrderPoint
  /** At which time that it comes to the point. Default: 1. */
  readonly occurrence?: number
}

/** What a request asks for. */
export interface OrderBody {
  readonly id: string
  /** A statement that the handler runs before it answers. */
  readonly statement?: string
}
