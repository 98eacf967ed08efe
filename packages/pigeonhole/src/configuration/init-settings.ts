import { databaseSettings } from './database-settings.js'

/** All that `pigeonhole init` can be told by settings. */
export const initSettings: Pick<typeof databaseSettings, 'schema'> = { schema: databaseSettings.schema }
