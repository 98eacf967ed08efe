/* PostgreSQL as the relay sees it: what is visible, what is on disk, and what a standby has.
 *
 * A message is a number. A transaction id is a bit, a snapshot the set of the ids that have ended: a row is visible in it
 * if the bit of its id is in there. A batch is its token, a number that is never given twice: what a token stands for
 * (number, parent, cursor) never changes and is kept outside of PostgreSQL, which only has a set of tokens. */
#ifndef MESSAGES
#define MESSAGES 2
#endif
#define TOKENS 8

typedef Database {
  byte xid[MESSAGES];  /* of the row of a message; 0: there is none */
  byte rows;           /* messages that are in the outbox */
  byte next;           /* the next transaction id */
  byte ended;          /* transactions that have committed or rolled back */
  byte batches;        /* tokens of relay_batch */
  byte confirmed;      /* relay_shard.confirmed */
  byte lease           /* relay_shard's lease token */
}

#define BIT(n) (1 << (n))
#define HAS(set, n) (((set) >> (n)) & 1)

Database mem, disk, standby;

inline copy(to, from) {
  i = 0;
  do
  :: i < MESSAGES -> to.xid[i] = from.xid[i]; i++
  :: else -> break
  od;
  to.rows = from.rows; to.next = from.next; to.ended = from.ended;
  to.batches = from.batches; to.confirmed = from.confirmed; to.lease = from.lease
}
