import { testRelayPublisher } from '../conformance/relay-publisher.js'
import { MemoryCluster } from './memory-cluster.js'
import { memoryPublisher } from './memory-publisher.js'

const cluster = new MemoryCluster()

testRelayPublisher({
  name: 'memoryPublisher',
  open: () => memoryPublisher(cluster),
  createTopic: async (topic, partitions) => cluster.log.createTopic(topic, partitions),
  readLog: async (topic) =>
    cluster.log.recordsOf(topic).map(({ headers, ...record }) => ({
      ...record,
      headers: headers.map(([name, value]) => [name, Buffer.from(value).toString()] as const),
    })),
  tooManyBytes: 2_000_000,
})
