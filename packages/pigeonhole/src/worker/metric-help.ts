/** What each metric of ours says, by its name. docs/metrics.md has them all. */
export const metricHelp = {
  pigeonhole_outbox_pending:
    'Committed messages that no confirmed batch covers yet, by shard. Counted up to 10000 in each of three places; more is at least as many',
  pigeonhole_outbox_oldest_age_seconds:
    'Age of the oldest of them by the clock of the database, by shard; 0 when there is none',
  pigeonhole_parked_messages:
    'Messages that are parked, by the side that they are parked on: outbox. Counted up to 10000; more is at least as many',
  pigeonhole_paused_topics: 'Topics that the broker takes nothing for at the moment',
  pigeonhole_outbox_measured_timestamp_seconds:
    'When the database last answered; what is measured is as old as this',
  pigeonhole_outbox_unmeasured_total: 'How often the database did not answer',
  pigeonhole_relay_published_total: 'Messages that Kafka has committed for this worker, by shard',
  pigeonhole_relay_batch_seconds:
    'Time of a batch from the first byte sent to the acknowledged commit, by shard',
  pigeonhole_relay_truncated_total:
    'Partitions of the outbox that this worker has emptied behind what is confirmed',
  pigeonhole_relay_reopen_total:
    'How often a shard had to open again in this worker, by the code of the error',
  pigeonhole_relay_state: '1 for the state that a shard has in this worker, 0 for the others',
  pigeonhole_table_bytes: 'Size of each table with its indexes',
  pigeonhole_table_rows: "Rows of each table by the database's last estimate",
  pigeonhole_xid_holder_xids:
    'Transactions that were numbered since the oldest transaction id in use; 0 when none is in use',
  pigeonhole_xid_holder_age_seconds:
    'Age of the transaction that needs the oldest transaction id; 0 when there is none, or for a slot',
  pigeonhole_xid_holder_query_start_timestamp_seconds:
    'When the last statement of the session that needs the oldest transaction id began; 0 when there is none',
  pigeonhole_xid_holder_info:
    '1, with who needs the oldest transaction id in use: kind, process, name of the application, the prepared transaction or the slot, state',
} as const
