/** What each metric of an inbox says, by its name. docs/metrics.md has them all. */
export const inboxMetricHelp = {
  pigeonhole_inbox_handled_total:
    'Messages by what became of them: handled, duplicate, parked; and attempts that came to nothing: retried after a conflict, failed',
  pigeonhole_inbox_handler_seconds:
    'Time of the transaction in which a message was handled, from its begin to its commit; for each message of a group, that of the group',
  pigeonhole_inbox_missing_id_total:
    'Messages that were handled without an id: only their position tells a repeat',
  pigeonhole_inbox_ready:
    '1 while the consumer of the inbox handles messages, 0 while its database or a broker does not answer, or it is out of its group',
} as const
