// One invocation, which is killed or frozen in the middle of its transaction.
import { writeSync } from 'node:fs'
import { type Codec, jsonCodec, topic } from '@pigeonhole/core'
import { type PlacedOrder, placeOrder } from './serverless.js'

const [, , databaseUrl = '', name = '', signal, request = ''] = process.argv

const json = jsonCodec as Codec<PlacedOrder>
// The order is written, its event is not.
const encode = (order: PlacedOrder): ReturnType<typeof json.encode> => {
  writeSync(1, 'here')
  process.kill(process.pid, signal)
  return json.encode(order)
}
await placeOrder(databaseUrl, topic(name, { codec: { ...json, encode } }), JSON.parse(request))
