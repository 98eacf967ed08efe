import type { Binding, Delivery, Inbox } from '@pigeonhole/core'

/** A message as amqplib hands it over. */
export interface QueueMessage {
  readonly content: Buffer
  readonly fields: { readonly routingKey: string }
  readonly properties: { readonly messageId: string | undefined }
}

/** What amqplib's channel is asked for. */
export interface QueueChannel {
  ack(message: QueueMessage): void
  nack(message: QueueMessage, allUpTo: boolean, requeue: boolean): void
}

// #region queue
/**
 * Handles each message of a queue once. A queue has no positions: the inbox deduplicates by id alone
 * (`createInbox({ …, dedupe: 'id' })`), and refuses a message without one.
 */
export function queueConsumer<Tx>(inbox: Inbox<Tx>, handler: Binding<Tx>, channel: QueueChannel) {
  return async (message: QueueMessage): Promise<void> => {
    const { messageId } = message.properties
    const delivery: Delivery = {
      topic: handler.topic.name,
      key: Buffer.from(message.fields.routingKey),
      value: message.content,
      headers: messageId === undefined ? [] : [['message-id', Buffer.from(messageId)]],
    }
    try {
      await inbox.handle(delivery, handler)
    } catch {
      channel.nack(message, false, true)
      return
    }
    // Behind the commit. If the process dies before this, the queue delivers again, and the inbox knows the id.
    channel.ack(message)
  }
}
// #endregion
