import { databaseSettings } from './database-settings.js'
import { kafkaSettings } from './kafka-settings.js'

/** All that `pigeonhole inbox rewind` can be told by flag or variable: where the inbox and its log are. */
export const inboxSettings: typeof databaseSettings & typeof kafkaSettings = {
  ...databaseSettings,
  ...kafkaSettings,
}
