export { on, onBatch } from '@pigeonhole/core'
export type { ControllerClock } from './inspect/controller-clock.js'
export type {
  DescribedPartition,
  DescribedTopic,
  ListedBroker,
  TopicOperation,
} from './inspect/describe-topics.js'
export {
  type ClusterInspection,
  type ClusterQuestion,
  type InspectedBroker,
  type InspectedTopic,
  inspectCluster,
  type Settings,
} from './inspect/inspect-cluster.js'
export type { ReadingMember } from './inspect/read-groups.js'
export { type ReaderLag, type ReaderPosition, readLags } from './inspect/read-lags.js'
export type { CheckpointTopicRequest } from './publisher/checkpoint-topic.js'
export { kafkajsPublisher } from './publisher/kafkajs-publisher.js'
export { checkpointTopicOf, transactionalIdOf } from './publisher/names.js'
export { provideCheckpointTopic } from './publisher/provide-checkpoint-topic.js'
export type { KafkajsPublisherOptions } from './publisher/publisher-options.js'
export { type FoundMessage, type TopicWatch, watchTopic } from './publisher/watch-topic.js'
export { correctReadCommitted } from './read-committed/correct-read-committed.js'
export { type RewoundPartition, rewindInbox } from './rewind-inbox/rewind-inbox.js'
export type { PartitionRewind, RewindInboxOptions, RewindTarget } from './rewind-inbox/rewind-options.js'
export type { InboxRun } from './run-inbox/inbox-run.js'
export { runInbox } from './run-inbox/run-inbox.js'
export type { InboxRunEvents, PartitionPlace } from './run-inbox/run-inbox-events.js'
export type { RunInboxOptions } from './run-inbox/run-inbox-options.js'
export type { InboxReadiness } from './run-inbox/run-readiness.js'
