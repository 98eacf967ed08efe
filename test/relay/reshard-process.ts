import { reshard } from '@pigeonhole/core'
import { openPorts, tell } from './process-ports.js'
import type { RelayProcessOptions } from './relay-process-protocol.js'

const options = JSON.parse(process.argv[2] ?? '{}') as RelayProcessOptions & { readonly shards: number }
const { pool, store, publisher } = openPorts(options)
const { name, shards, leaseMs, renewMs, batchRows } = options
const { from } = await reshard({ name, store, publisher, shards, leaseMs, renewMs, batchRows })
tell({ type: 'resharded', from, to: shards })
await publisher.close()
await pool.end()
