import { openPorts, tell } from './process-ports.js'
import type { RelayProcessOptions } from './relay-process-protocol.js'

const options = JSON.parse(process.argv[2] ?? '{}') as RelayProcessOptions
const { pool, store } = openPorts(options)
const outcome = await store[options.operation ?? 'retryParked']({})
tell({ type: 'operated', outcome })
await pool.end()
