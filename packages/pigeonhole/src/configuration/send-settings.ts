import { databaseSettings } from './database-settings.js'
import { kafkaSettings } from './kafka-settings.js'

/** All that `pigeonhole send` can be told by flag or variable: where the outbox and the log are. */
export const sendSettings: typeof databaseSettings & typeof kafkaSettings = {
  ...databaseSettings,
  ...kafkaSettings,
}
