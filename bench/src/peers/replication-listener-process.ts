import {
  createReplicationMutexConcurrencyController,
  getDefaultLogger,
  initializeReplicationMessageListener,
} from 'pg-transactional-outbox'
import { replicationConfig } from './pg-transactional-outbox.js'
import { programOptions } from './relay-child.js'
import { sendByKafkajs } from './send-by-kafkajs.js'

const options = programOptions()
const handler = await sendByKafkajs(options)
const config = replicationConfig(options.databaseUrl, options.topic)
initializeReplicationMessageListener(config, handler, getDefaultLogger('outbox'), {
  concurrencyStrategy: createReplicationMutexConcurrencyController(),
})
