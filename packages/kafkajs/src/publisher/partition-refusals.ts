import type { RequestChange } from '../own-client.js'

/** A partition that a broker refused something for. */
export interface RefusedPartition {
  readonly topic: string
  readonly partition: number
}

interface PartitionAnswer {
  readonly partition: number
  readonly errorCode: number
}

interface ProduceAnswer {
  readonly topics: readonly { readonly topicName: string; readonly partitions: readonly PartitionAnswer[] }[]
}

interface NamingAnswer {
  readonly errors: readonly {
    readonly topic: string
    readonly partitionErrors: readonly PartitionAnswer[]
  }[]
}

const produceKey = 0
const addPartitionsToTxnKey = 24
// What the others are told where one partition is refused: nothing is wrong with them.
const operationNotAttempted = 55

const refusedBy = new WeakMap<object, readonly RefusedPartition[]>()

/**
 * Answers that refuse partitions are read to the end. kafkajs throws the first error that it comes to, which may be one of a
 * partition that only shared the request with the refused one, and does not say which partition it was.
 */
export const tellRefusals: RequestChange = (made) => {
  const { apiKey } = made.request
  if (apiKey === produceKey) return { ...made, response: tells(made.response, refusedOfProduce) }
  if (apiKey === addPartitionsToTxnKey) return { ...made, response: tells(made.response, refusedOfNaming) }
  return made
}

/** The partitions that `error`, an error of a client with {@link tellRefusals}, is about. None: it is not about any. */
export function refusedPartitions(error: unknown): readonly RefusedPartition[] {
  for (let layer = error; typeof layer === 'object' && layer !== null; layer = (layer as Error).cause) {
    const refused = refusedBy.get(layer)
    if (refused) return refused
  }
  return []
}

type Response = ReturnType<RequestChange>['response']

interface Refusals {
  readonly partitions: readonly RefusedPartition[]
  /** The answer, of those partitions only: kafkajs makes its error of it. */
  readonly answer: object
}

function tells<Answer>(response: Response, refusalsIn: (answer: Answer) => Refusals): Response {
  const { parse } = response
  return {
    ...response,
    parse: async (decoded: never) => {
      const { partitions, answer } = refusalsIn(decoded)
      if (partitions.length === 0) return await parse(decoded)
      try {
        return await parse(answer as never)
      } catch (error) {
        refusedBy.set(error as object, partitions)
        throw error
      }
    },
  }
}

function refusedOfProduce(answer: ProduceAnswer): Refusals {
  const topics = answer.topics.map((each) => ({ ...each, partitions: each.partitions.filter(isRefused) }))
  const partitions = topics.flatMap(({ topicName, partitions: refused }) =>
    refused.map(({ partition }) => ({ topic: topicName, partition })),
  )
  return { partitions, answer: { ...answer, topics } }
}

function refusedOfNaming(answer: NamingAnswer): Refusals {
  const errors = answer.errors.map((each) => ({
    ...each,
    partitionErrors: each.partitionErrors.filter(isRefused),
  }))
  const partitions = errors.flatMap(({ topic, partitionErrors }) =>
    partitionErrors.map(({ partition }) => ({ topic, partition })),
  )
  return { partitions, answer: { ...answer, errors } }
}

function isRefused({ errorCode }: PartitionAnswer): boolean {
  return errorCode !== 0 && errorCode !== operationNotAttempted
}
