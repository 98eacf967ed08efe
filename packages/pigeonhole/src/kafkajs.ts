export {
  correctReadCommitted,
  type InboxRun,
  type InboxRunEvents,
  type KafkajsPublisherOptions,
  kafkajsPublisher,
  on,
  onBatch,
  type PartitionPlace,
  type RunInboxOptions,
  runInbox,
} from '@pigeonhole/kafkajs'
