export { kafkajsPublisher } from './publisher/kafkajs-publisher.js'
export type { KafkajsPublisherOptions } from './publisher/publisher-options.js'
export { correctReadCommitted } from './read-committed/correct-read-committed.js'
