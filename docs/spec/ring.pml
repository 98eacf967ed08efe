/* The ring of partitions: writers insert, and the process that has shard 0 truncates a partition of which everything is
 * confirmed. Two shards, whose relays stop and go on anywhere; a Kafka that goes back, or a standby that is promoted with loss; a
 * shard that halts is adopted.
 *
 * The ring may turn at any time, and a writer that has read the former slot writes to the former partition: so a message goes to
 * the one partition that is looked at here, or elsewhere, whatever is written to by now. It is looked at once: what a second
 * time would find, a first and later one finds, too.
 *
 * Kafka's and PostgreSQL's own behaviour otherwise is relay.pml's: a batch is committed in one step. A transaction id is a
 * number, given out in the order of seq; a snapshot is the set of the ids that have ended. Each guard is a macro NO_<GUARD>
 * that takes it out. */
#define MESSAGES 2
#define SHARDS 2
#define NONE 255
/* The messages of shard 1. */
#ifndef OTHERS
#define OTHERS 2
#endif
#ifndef TOKENS
#define TOKENS 8
#endif
/* How often shard 0 and shard 1 are opened. */
#ifndef FIRST
#define FIRST 1
#endif
#ifndef SECOND
#define SECOND 2
#endif

#define BIT(n) (1 << (n))
#define HAS(set, n) (((set) >> (n)) & 1)
#define MINE(m, s) (HAS(OTHERS, m) == (s))

/* What happens, once: the log goes back to an earlier moment, or a standby is promoted that has not received everything. */
#define WENTBACK 1
#define FAILOVER 2
#ifndef FAULT
#define FAULT WENTBACK
#endif

/* What the tokens of batches stand for: it never changes. A cursor has read what is in `snap`, but of a capture under way
 * (`last` is not 0) what is not in `from` up to `last` only. Shard 0 has the even tokens, shard 1 the odd ones; 0 and 1 are their
 * geneses. */
byte number[TOKENS], from[TOKENS], snap[TOKENS], last[TOKENS], page[TOKENS];
byte nextToken[SHARDS];

/* PostgreSQL. */
typedef Database {
  byte xid[MESSAGES];
  byte rows;                 /* messages that are committed and in the outbox */
  byte next, ended;
  byte batches[SHARDS], confirmed[SHARDS], lease[SHARDS], agreed[SHARDS]
}
Database db, standby;
byte here;                   /* messages that go to the partition */
byte writing;                /* those whose transaction has not ended: it holds the partition's lock */
byte given[SHARDS];          /* leases that were given out */
bool rowLock;                /* cleaning holds the row of shard 0 */
bool locked;                 /* and the partition's lock */
byte generation;             /* of the server: a transaction ends with it */

/* Kafka. */
byte epoch[SHARDS], checkpoint[SHARDS], sent, oldCheckpoint[SHARDS], oldSent;

/* The world. */
byte openings[SHARDS];
bool kept, struck, known[SHARDS];  /* an opening of the shard has looked into the log since it went back */
byte open0;                  /* the token of the process that has shard 0 open */

#define MAYOPEN(s) ((s) == 0 && openings[s] < FIRST || (s) == 1 && openings[s] < SECOND)
#define ISFREE(s) ((s) != 0 || !rowLock)

inline copy(to, source) {
  i = 0;
  do
  :: i < MESSAGES -> to.xid[i] = source.xid[i]; i++
  :: else -> break
  od;
  to.rows = source.rows; to.next = source.next; to.ended = source.ended;
  i = 0;
  do
  :: i < SHARDS ->
     to.batches[i] = source.batches[i]; to.confirmed[i] = source.confirmed[i];
     to.lease[i] = source.lease[i]; to.agreed[i] = source.agreed[i]; i++
  :: else -> break
  od;
  i = 0
}

/* The first rows of a shard behind batch `t`, one or all: a page, and the cursor behind it. */
inline readPage(t) {
  rows = 0; first = NONE; start = from[t]; upTo = snap[t]; i = 0;
  if
  :: last[t] != 0 ->
     do
     :: i < MESSAGES ->
        if
        :: HAS(db.rows, i) && MINE(i, s) && HAS(upTo & ~start, db.xid[i]) && db.xid[i] > last[t] ->
           rows = rows | BIT(i);
           if :: first == NONE || db.xid[i] < db.xid[first] -> first = i :: else fi
        :: else
        fi;
        i++
     :: else -> break
     od
  :: else
  fi;
  if
  :: rows == 0 ->
     start = upTo; upTo = db.ended; i = 0;
     do
     :: i < MESSAGES ->
        if
        :: HAS(db.rows, i) && MINE(i, s) && HAS(upTo & ~start, db.xid[i]) ->
           rows = rows | BIT(i);
           if :: first == NONE || db.xid[i] < db.xid[first] -> first = i :: else fi
        :: else
        fi;
        i++
     :: else -> break
     od
  :: else
  fi;
  i = 0
}

proctype Relay(byte s) {
  byte held, own, conf, next, rows, first, start, upTo, i;
closed:
  atomic {
    own = 0; conf = 0; next = 0;
    MAYOPEN(s) && ISFREE(s) -> openings[s]++;
    given[s]++; held = given[s]; db.lease[s] = held;
    if :: s == 0 -> open0 = 0 :: else fi
  }
  atomic {
    epoch[s]++; own = epoch[s]; conf = checkpoint[s];
    known[s] = (FAULT == WENTBACK && struck)
  }
  atomic {                                           /* the start-up table, guarded */
    ISFREE(s);
    if
    :: db.lease[s] != held -> goto closed
    :: db.lease[s] == held && (number[conf] < db.confirmed[s] || !HAS(db.batches[s], conf)) ->
       db.lease[s] = 0; goto halts
    :: else
    fi;
    db.agreed[s] = held; db.batches[s] = BIT(conf); db.confirmed[s] = number[conf];
    if :: s == 0 -> open0 = held :: else fi
  }
publishing:
  if
  :: atomic { goto closed }                          /* kill, or any error */
  :: atomic { next == 0 && nextToken[s] < TOKENS && ISFREE(s) ->
       if :: db.lease[s] != held || !HAS(db.batches[s], conf) -> goto closed :: else fi;
       readPage(conf);
       if
       :: first != NONE ->
          next = nextToken[s]; nextToken[s] = nextToken[s] + 2;
          number[next] = number[conf] + 1; snap[next] = upTo;
          if
          :: page[next] = rows                       /* all: the cursor is the snapshot alone */
          :: rows != BIT(first) ->
             page[next] = BIT(first); from[next] = start; last[next] = db.xid[first]
          fi;
          db.batches[s] = db.batches[s] | BIT(next);
          if :: number[conf] > db.confirmed[s] -> db.confirmed[s] = number[conf] :: else fi
       :: else
       fi;
       rows = 0; first = 0; start = 0; upTo = 0 }
  :: atomic { next != 0 ->
       if
       :: epoch[s] != own -> goto closed
       :: else ->
          assert((page[next] & sent) == 0);          /* no duplicate */
          checkpoint[s] = next; sent = sent | page[next];
          if
          :: goto closed                             /* its reply is lost */
          :: conf = next; next = 0
          fi
       fi }
  :: atomic { next == 0 && number[conf] > db.confirmed[s] && ISFREE(s) ->
       if :: db.lease[s] != held || !HAS(db.batches[s], conf) -> goto closed :: else fi;
       db.confirmed[s] = number[conf]; db.batches[s] = BIT(conf) }
  fi;
  goto publishing;
halts:
  /* An operator adopts the shard. First the lease, the producers and the log. */
  atomic { s == 1 -> given[s]++; held = given[s]; db.lease[s] = held; epoch[s]++; own = epoch[s]; conf = checkpoint[s] }
  atomic {
    nextToken[s] < TOKENS ->
    next = nextToken[s]; nextToken[s] = nextToken[s] + 2;
    number[next] = number[conf] + 1;
    if :: number[next] <= db.confirmed[s] -> number[next] = db.confirmed[s] + 1 :: else fi;
    i = 0; snap[next] = db.ended;
    do                                               /* what is not in the log lies behind the new cursor */
    :: i < MESSAGES ->
       if
       :: HAS(db.rows & ~sent, i) && MINE(i, s) -> snap[next] = snap[next] & ~BIT(db.xid[i])
       :: HAS(db.rows & sent, i) && MINE(i, s) -> db.rows = db.rows & ~BIT(i)
       :: else
       fi;
       i++
    :: else -> break
    od;
    i = 0; db.batches[s] = BIT(next)
  }
  atomic { checkpoint[s] = next; db.confirmed[s] = number[next]; db.lease[s] = 0 }
  goto closed
}

/* Whether everything in the partition is covered by the confirmed batches of all shards; `isCovered`. */
inline look() {
  isCovered = true; s = 0;
  do
  :: s < SHARDS ->
     if
#ifdef NO_EVERY
     :: s == 1 -> skip
#endif
#ifndef NO_AGREED
     :: db.lease[s] == 0 || db.agreed[s] != db.lease[s] ->
#ifndef NO_OWNED
        isCovered = false
#else
        skip
#endif
     :: db.lease[s] != 0 && db.agreed[s] == db.lease[s] ->
#else
     :: true ->
#endif
        t = 0; c = NONE;
        do
        :: t < TOKENS ->
           if
#ifndef NO_CONFIRMED
           :: HAS(db.batches[s], t) && number[t] == db.confirmed[s] -> c = t
#else
           :: HAS(db.batches[s], t) -> c = t         /* the last one */
#endif
           :: else
           fi;
           t++
        :: else -> break
        od;
        i = 0;
        do
        :: c != NONE && i < MESSAGES ->
           if
           :: HAS(db.rows & here, i) && MINE(i, s) ->
              if
#ifndef NO_NEWER
              :: BIT(db.xid[i]) > snap[c] -> isCovered = false
#endif
#ifndef NO_RUNNING
              :: BIT(db.xid[i]) < snap[c] && !HAS(snap[c], db.xid[i]) -> isCovered = false
#endif
#ifndef NO_UNREAD
              :: last[c] != 0 && HAS(snap[c] & ~from[c], db.xid[i]) && db.xid[i] > last[c] -> isCovered = false
#endif
              :: else
              fi
           :: else
           fi;
           i++
        :: else -> break
        od;
#ifndef NO_AGREED
        assert(c != NONE);                           /* a shard that is agreed on has a confirmed batch */
#endif
        if :: c == NONE -> isCovered = false :: else fi
     fi;
     s++
  :: else -> break
  od;
  s = 0; t = 0; c = 0; i = 0
}

/* What the log has, as far as anybody could know: the rows that may go. */
inline know() {
  may = 0; i = 0;
  do
  :: i < MESSAGES ->
     if
     :: HAS(sent, i) -> may = may | BIT(i)
     :: !HAS(sent, i) && HAS(oldSent, i) && !(MINE(i, 0) && known[0]) && !(MINE(i, 1) && known[1]) -> may = may | BIT(i)
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

#define ISOVER (mine != generation)      /* the transaction has gone with the server */
#define ISHELD ((writing & here) != 0)

proctype Cleaner() {
  byte s, t, c, i, may, mine;
  bool isCovered;
  atomic {                                           /* a guarded transaction of whoever has opened shard 0 last */
    open0 != 0 && db.lease[0] == open0 ->
    mine = generation; rowLock = true
  }
  atomic { if :: ISOVER -> goto over :: else fi; look(); if :: !isCovered -> goto over :: else fi }
#ifndef NO_LOCK
  atomic { if :: ISOVER || ISHELD -> goto over :: else fi; locked = true }
#endif
  atomic {
    if :: ISOVER -> goto over :: else fi;
#ifndef NO_AGAIN
    look(); if :: !isCovered -> goto over :: else fi;
#endif
    know()
  }
  atomic {                                           /* TRUNCATE has the lock in any case; COMMIT */
    if :: ISOVER || ISHELD -> goto over :: else fi;
    assert((db.rows & here & ~may) == 0);            /* no row goes that a shard would still have to send */
    db.rows = db.rows & ~here
  }
over:
  atomic {
    if :: ISOVER -> skip :: else -> rowLock = false; locked = false fi;
    isCovered = false; may = 0; mine = 0
  }
}

inline insert(m) {
  db.xid[m] = db.next; db.next++; writing = writing | BIT(m);
  if :: !locked -> here = here | BIT(m) :: skip fi
}

inline commitWriter(m) { writing = writing & ~BIT(m); db.rows = db.rows | BIT(m); db.ended = db.ended | BIT(db.xid[m]) }

proctype World() {
  byte m, i;
end:
  do
  :: atomic { m < MESSAGES -> insert(m); m++ }
  :: atomic { HAS(writing, 0) -> commitWriter(0) }
  :: atomic { HAS(writing, 1) -> commitWriter(1) }
  :: atomic { FAULT == FAILOVER && !kept -> kept = true; copy(standby, db) }
  :: atomic { FAULT == FAILOVER && kept && !struck ->
       struck = true; copy(db, standby); generation++; writing = 0; rowLock = false; locked = false }
  :: atomic { FAULT == WENTBACK && !kept ->
       kept = true; oldSent = sent; oldCheckpoint[0] = checkpoint[0]; oldCheckpoint[1] = checkpoint[1] }
  :: atomic { FAULT == WENTBACK && kept && !struck ->
       struck = true; i = sent; sent = oldSent; oldSent = i;
       checkpoint[0] = oldCheckpoint[0]; checkpoint[1] = oldCheckpoint[1]; epoch[0]++; epoch[1]++; i = 0 }
  od
}

init {
  atomic {
    checkpoint[1] = 1; db.batches[0] = BIT(0); db.batches[1] = BIT(1); db.next = 1; db.ended = 1;
    snap[0] = 1; snap[1] = 1; nextToken[0] = 2; nextToken[1] = 3;
    run Relay(0); run Relay(1); run Cleaner(); run World()
  }
}
