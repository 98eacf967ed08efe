import type { Kafka, Logger } from 'kafkajs'

// kafkajs keeps the logger of a Kafka instance behind a symbol of its own.
const loggerSymbol = 'private:Kafka:logger'

// kafkajs's text for CONCURRENT_TRANSACTIONS.
const concurrent = 'while another concurrent operation on the same transaction was ongoing'

/**
 * Creates a client of `kafka` that logs CONCURRENT_TRANSACTIONS as a debug message. kafkajs logs two errors for each,
 * and under load there is one or more in every transaction. Everything else goes to the instance's own logger.
 */
export function withQuietLogger<T>(kafka: Kafka, create: (kafka: Kafka) => T): T {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === loggerSymbol)
  if (!symbol) return create(kafka)
  const instance = kafka as unknown as Record<symbol, Logger>
  const logger = kafka.logger()
  // A client takes its logger while it is created, which nothing can interrupt.
  instance[symbol] = { ...logger, namespace: (...args) => quiet(logger.namespace(...args)) }
  try {
    return create(kafka)
  } finally {
    instance[symbol] = logger
  }
}

function quiet(logger: Logger): Logger {
  const error: Logger['error'] = (message, extra) => {
    const expected =
      message.includes(concurrent) ||
      String((extra as { error?: unknown } | undefined)?.error).includes(concurrent)
    logger[expected ? 'debug' : 'error'](message, extra)
  }
  return { ...logger, error }
}
