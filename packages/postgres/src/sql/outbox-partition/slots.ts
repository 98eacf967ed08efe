/** The partitions of the outbox: `outbox_message_0` and so on. The migrations make them. */
export const slots: readonly number[] = [0, 1, 2, 3]
