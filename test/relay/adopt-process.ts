import { adopt } from '@pigeonhole/core'
import { openPorts, tell } from './process-ports.js'
import type { RelayProcessOptions } from './relay-process-protocol.js'

const options = JSON.parse(process.argv[2] ?? '{}') as RelayProcessOptions & { readonly keepCursor?: boolean }
const { pool, store, publisher } = openPorts(options)
const { name, keepCursor = false } = options
const { outcome } = await adopt({ name, store, publisher, keepCursor, confirm: () => true })
tell({ type: 'adopted', outcome })
await pool.end()
