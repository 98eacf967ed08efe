import { getDefaultLogger, initializePollingMessageListener } from 'pg-transactional-outbox'
import { pollingConfig } from './pg-transactional-outbox.js'
import { programOptions } from './relay-child.js'
import { sendByKafkajs } from './send-by-kafkajs.js'

const options = programOptions()
const handler = await sendByKafkajs(options)
initializePollingMessageListener(pollingConfig(options.databaseUrl), handler, getDefaultLogger('outbox'))
