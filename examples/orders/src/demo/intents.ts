/** What a customer wanted, once. */
export interface Intent {
  readonly id: string
  readonly answers: readonly Answer[]
}

/** What an order service has answered. */
export interface Answer {
  readonly status: number
  readonly orderId: string | null
}

/** An order, by the intent that it says it is of, or an event that tells of one. */
export interface Trace {
  readonly orderId: string
  readonly intentId: string
}

/** What {@link checkIntents} compares. */
export interface IntentEvidence {
  readonly intents: readonly Intent[]
  readonly orders: readonly Trace[]
  readonly events: readonly Trace[]
}

/** What was wanted against what came of it. */
export interface IntentVerdict {
  readonly intents: number
  /** Intents that were refused, and have no order. With nothing wrong, the others have one order each. */
  readonly refused: number
  readonly orders: number
  /** Intents without an order, though none was refused. */
  readonly missing: readonly string[]
  /** Orders behind the first one of an intent. */
  readonly duplicated: readonly string[]
  /** Events behind the first one of an intent. */
  readonly duplicatedEvents: readonly string[]
  /** Answers that are not the one that was given before, or that the orders contradict. */
  readonly differing: readonly string[]
  readonly faults: number
}

/** Whether each intent has one order, one event and one answer, or none of the first two where it was refused. */
export function checkIntents({ intents, orders, events }: IntentEvidence): IntentVerdict {
  const ordersOf = groupByIntent(orders)
  const unplaced = intents.filter(({ id }) => !ordersOf.has(id))
  const missing = unplaced.filter((intent) => !isRefused(intent)).map(({ id }) => id)
  const duplicated = repeated(orders)
  const duplicatedEvents = repeated(events)
  const differing = intents.flatMap((intent) => differingAnswers(intent, ordersOf.get(intent.id) ?? []))
  const faults = missing.length + duplicated.length + duplicatedEvents.length + differing.length
  return {
    intents: intents.length,
    refused: unplaced.length - missing.length,
    orders: orders.length,
    missing,
    duplicated,
    duplicatedEvents,
    differing,
    faults,
  }
}

function isRefused({ answers }: Intent): boolean {
  return answers.length > 0 && answers.every(({ status }) => status === 409)
}

function repeated(traces: readonly Trace[]): string[] {
  return [...groupByIntent(traces)].flatMap(([intentId, orderIds]) =>
    orderIds.slice(1).map((orderId) => `${orderId}, of ${intentId}`),
  )
}

function differingAnswers({ id, answers }: Intent, orderIds: readonly string[]): string[] {
  const [first] = answers
  const isTrue = ({ orderId }: Answer): boolean =>
    orderId === null ? orderIds.length === 0 : orderIds.includes(orderId)
  return answers
    .filter((answer) => answer.orderId !== first?.orderId || !isTrue(answer))
    .map(({ status, orderId }) => `${status} ${orderId ?? 'no order'}, of ${id}`)
}

function groupByIntent(traces: readonly Trace[]): ReadonlyMap<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const { intentId, orderId } of traces) groups.set(intentId, [...(groups.get(intentId) ?? []), orderId])
  return groups
}
