// @ts-check
// As the tests run otherwise, with less patience: without its guard many a test waits in vain, and one that has failed may
// keep a connection, for which its spec's end waits.
import { mergeConfig } from 'vitest/config'
import config from '../../vitest.config.js'

export default mergeConfig(config, { test: { testTimeout: 20_000, hookTimeout: 15_000 } })
