import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { createTopics, readLog } from '@pigeonhole/testing'
import { testRelayPublisher } from '@pigeonhole/testing/conformance'
import { Kafka, logLevel } from 'kafkajs'
import { inject } from 'vitest'

const brokers = inject('kafkaBrokers')
const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })

testRelayPublisher({
  name: 'kafkajs',
  open: () => kafkajsPublisher(kafka),
  createTopic: (topic, numPartitions) => createTopics(brokers, [{ topic, numPartitions }]),
  readLog: (topic) => readLog({ brokers, topics: [topic] }),
  tooManyBytes: 2_000_000,
})
