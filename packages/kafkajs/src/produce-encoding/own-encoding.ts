import type { RequestChange } from '../own-client.js'
import { encodeProduceRequest, type ProduceRequestData } from './produce-request.js'

const produceKey = 0
// The versions of a Produce request whose bodies are alike: older ones carry another format of records.
const versions = { first: 3, last: 7 }

/**
 * Produce requests are encoded here. What kafkajs should do in another way than 2.2.4 it goes on doing by itself: a request
 * with compression too, where the codec and not the encoder takes the time.
 */
export const ownEncoding: RequestChange = (made, data) => {
  const { apiKey, apiVersion } = made.request
  if (apiKey !== produceKey) return made
  const produced = data as ProduceRequestData
  if (apiVersion < versions.first || apiVersion > versions.last || produced.compression) return made
  return { ...made, request: { ...made.request, encode: async () => encodeProduceRequest(produced) } }
}
