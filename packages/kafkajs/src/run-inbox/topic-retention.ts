/** For how long Kafka keeps the messages of a topic. */
export interface TopicRetention {
  readonly topic: string
  /** The longest that a message stays, in milliseconds: Infinity where its topic is compacted, or keeps all. */
  readonly keptMs: number
  readonly cleanupPolicy: string
}

/** What asking for the settings of topics needs of kafkajs's cluster client. */
export interface ConfigCluster {
  findControllerBroker(): Promise<ConfigBroker>
}

interface ConfigBroker {
  describeConfigs(request: {
    readonly resources: readonly {
      readonly type: number
      readonly name: string
      readonly configNames: readonly string[]
    }[]
  }): Promise<{ readonly resources: readonly TopicConfig[] }>
}

interface TopicConfig {
  readonly resourceName: string
  readonly configEntries: readonly { readonly configName: string; readonly configValue: string }[]
}

const topicType = 2
const configNames = ['cleanup.policy', 'retention.ms', 'segment.ms'] as const

/** For how long Kafka keeps the messages of each of `topics`. Rejects with what the broker says. */
export async function retentionsOf(
  cluster: ConfigCluster,
  topics: Iterable<string>,
): Promise<TopicRetention[]> {
  const broker = await cluster.findControllerBroker()
  const resources = [...topics].map((name) => ({ type: topicType, name, configNames }))
  const described = await broker.describeConfigs({ resources })
  return described.resources.map(retentionOf)
}

// A segment is deleted when its newest message is old enough: its oldest one has waited for it to be closed besides.
function retentionOf({ resourceName: topic, configEntries }: TopicConfig): TopicRetention {
  const settings = new Map(configEntries.map((it) => [it.configName, it.configValue]))
  const cleanupPolicy = settings.get('cleanup.policy') ?? ''
  const retentionMs = Number(settings.get('retention.ms'))
  const isKept = !cleanupPolicy.split(',').includes('delete') || retentionMs < 0
  const keptMs = isKept ? Number.POSITIVE_INFINITY : retentionMs + Number(settings.get('segment.ms'))
  return { topic, keptMs, cleanupPolicy }
}
