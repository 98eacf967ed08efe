/** Where an operation may be killed. */
export const operationPoints = [
  'claim:before',
  'claim:after',
  'handler:during',
  'answer:before',
  'answer:after',
  'commit:after',
] as const

/** One of {@link operationPoints}. */
export type OperationPoint = (typeof operationPoints)[number]
