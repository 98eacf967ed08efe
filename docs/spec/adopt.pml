/* Identity and adopt: the database is restored from a backup, copied beside the original, or moved, Kafka goes back, loses the
 * checkpoint topic or is another cluster. A relay halts; `adopt` makes both sides agree, may be killed anywhere and is run
 * again, and relays go on.
 *
 * The recorded identity is one number: the system and the cluster together. Kafka's and PostgreSQL's own behaviour otherwise
 * is relay.pml's: a batch is committed in one step. A transaction id is a bit, a snapshot the set of the ids that have ended,
 * a batch its token. Each guard is a macro NO_<GUARD> that takes it out. */
#ifndef MESSAGES
#define MESSAGES 3
#endif
#ifndef TOKENS
#define TOKENS 8
#endif
#ifndef OPENINGS
#define OPENINGS 3
#endif
#ifndef ADOPTIONS
#define ADOPTIONS 2
#endif

#define BIT(n) (1 << (n))
#define HAS(set, n) (((set) >> (n)) & 1)
#define NONE 255

/* What happens, once: a backup is restored, the database is copied into another system, the log goes back to an earlier
 * moment, the checkpoint topic is lost, the cluster is another one. */
#define RESTORED 1
#define COPIED 2
#define WENTBACK 3
#define TOPICLOST 4
#define NEWCLUSTER 5
#define MOVED 6        /* copied, and the cluster is another one */
#ifndef FAULT
#define FAULT RESTORED
#endif

/* What the tokens of batches stand for. */
byte number[TOKENS], cursor[TOKENS], page[TOKENS];
byte nextToken = 1;

typedef Database { byte xid[MESSAGES]; byte rows, next, ended, batches, confirmed }
Database db, backup;
byte lease;
byte system, cluster;        /* as found */
byte recorded;               /* identity: as it was recorded */
byte own;                    /* messages that this system has numbered itself */

/* Kafka. */
byte epoch, checkpoint, sent, oldCheckpoint, oldSent;
byte before;                 /* what the cluster that was there before had confirmed, as PostgreSQL knew */

byte openings, adoptions, published;
bool struck;                 /* the fault has happened */
bool adopted;                /* an adoption has come to its end */

#define IDENTITY (system + 2 * cluster)
#define LEAST(set) ((set) & -(set))

inline copy(to, from) {
  i = 0;
  do
  :: i < MESSAGES -> to.xid[i] = from.xid[i]; i++
  :: else -> break
  od;
  to.rows = from.rows; to.next = from.next; to.ended = from.ended;
  to.batches = from.batches; to.confirmed = from.confirmed; i = 0
}

/* Which rows are in a cursor. */
inline covered(by) {
  found = 0; i = 0;
  do
  :: i < MESSAGES -> if :: HAS(db.rows, i) && HAS(by, db.xid[i]) -> found = found | BIT(i) :: else fi; i++
  :: else -> break
  od;
  i = 0
}

inline commit(token) {
  checkpoint = token;
  assert((page[token] & sent) == 0);                                      /* no duplicate in a log */
  assert((page[token] & before) == 0);                                    /* nor of what the last cluster had confirmed */
  sent = sent | page[token]
}

#ifndef NO_CONFIRMED
#define ISBEHIND(t) (number[t] < db.confirmed)
#else
#define ISBEHIND(t) false
#endif

proctype Relay() {
  byte held, mine, conf, next, found, i;
closed:
  atomic {
    held = 0; mine = 0; conf = 0; next = 0; found = 0;
    openings < OPENINGS -> openings++;
    lease++; held = lease
  }
  atomic {
#ifndef NO_IDENTITY
    if :: recorded != IDENTITY -> goto halted :: else fi;
#endif
    epoch++; mine = epoch; conf = checkpoint
  }
  atomic {                                           /* the start-up table, guarded */
    if
    :: lease != held -> goto closed
#ifndef NO_IDENTITY
    :: lease == held && recorded != IDENTITY -> goto halted
#endif
    :: lease == held && conf == NONE -> goto halted
    :: lease == held && conf != NONE && ISBEHIND(conf) -> assert(!adopted); goto halted
    /* A Kafka that went back is not told of as a database that did. */
    :: lease == held && conf != NONE && !ISBEHIND(conf) && !HAS(db.batches, conf) ->
       assert(FAULT != WENTBACK || adoptions > 0); goto halted
    :: else
    fi;
    db.batches = BIT(conf);
#ifndef NO_RAISED
    if :: number[conf] > db.confirmed -> db.confirmed = number[conf] :: else fi;
#endif
    if
    :: epoch == mine ->
       covered(cursor[conf]);
       /* What the cursor covers is sent, and nothing else is. */
       assert((found & ~(sent | oldSent)) == 0);
       assert(((db.rows & ~found) & (sent | before)) == 0);
       /* Nothing that Kafka has lost is gone from the outbox unseen. */
       assert(FAULT != WENTBACK || adoptions > 0 || (published & ~(db.rows | sent)) == 0);
       found = 0
    :: else
    fi
  }
publishing:
  if
  :: atomic { goto closed }                          /* kill, or any error */
  :: atomic { next == 0 && nextToken < TOKENS ->
       if :: lease != held || !HAS(db.batches, conf) -> goto closed :: else fi;
       covered(cursor[conf]); found = db.rows & ~found;
       i = 0;
       do                                            /* what is not visible yet */
       :: i < MESSAGES -> if :: HAS(found, i) && !HAS(db.ended, db.xid[i]) -> found = found & ~BIT(i) :: else fi; i++
       :: else -> break
       od;
       i = 0;
       if
       :: found != 0 ->
          number[nextToken] = number[conf] + 1; cursor[nextToken] = db.ended; page[nextToken] = found;
          db.batches = db.batches | BIT(nextToken); next = nextToken; nextToken++;
          if :: number[conf] > db.confirmed -> db.confirmed = number[conf] :: else fi
       :: else
       fi;
       found = 0 }
  :: atomic { next != 0 ->
       if
       :: epoch != mine -> goto closed
       :: epoch == mine -> commit(next); conf = next; next = 0
       :: epoch == mine -> commit(next); goto closed  /* its reply is lost */
       fi }
  :: atomic { next == 0 && number[conf] > db.confirmed ->
       if :: lease != held || !HAS(db.batches, conf) -> goto closed :: else fi;
       db.confirmed = number[conf] }
  :: atomic { db.rows != 0 && number[conf] <= db.confirmed ->              /* deletion */
       if :: lease != held || !HAS(db.batches, conf) -> goto closed :: else fi;
       covered(cursor[conf]);
       assert((found & ~(sent | oldSent)) == 0 || epoch != mine);
       db.rows = db.rows & ~found; found = 0 }
  fi;
  goto publishing;
halted:
  skip
}

proctype Adopt() {
  byte held, mine, k, upTo, found, snapshot, i;
again:
  atomic {
    k = 0; upTo = 0; found = 0; snapshot = 0; held = 0; mine = 0;
    adoptions < ADOPTIONS && struck -> adoptions++;
    held = lease
#ifndef NO_FORCED
    ; lease++; held = lease
#endif
  }
  atomic {                                           /* fences, and reads both sides */
#ifndef NO_FENCED
    epoch++;
#endif
    mine = epoch; k = checkpoint;
    if
    :: recorded == IDENTITY && k != NONE && number[k] >= db.confirmed && HAS(db.batches, k) -> goto again   /* agreed */
    :: else
    fi
  }
  atomic {                                           /* guarded: what was sent goes from the outbox */
    if :: lease != held -> goto again :: else fi;
    /* The recorded cursor: of the batch that Kafka names, else of the confirmed one. */
    i = 0;
    if
    :: k != NONE && HAS(db.batches, k) -> upTo = cursor[k]
    :: else ->
       do
       :: i < TOKENS && HAS(db.batches, i) && number[i] == db.confirmed -> upTo = cursor[i]; break
       :: i < TOKENS && !(HAS(db.batches, i) && number[i] == db.confirmed) -> i++
       :: i == TOKENS -> break
       od;
       i = 0
    fi;
    covered(upTo);
#ifndef NO_OWN
    if :: system == 1 -> found = found & ~own :: else fi;
#endif
#ifdef NO_SAMELOG
    found = db.rows & sent;
#else
    /* The log decides where it is the log that the outbox was sent to. */
    if
    :: recorded / 2 == cluster ->
#ifndef NO_LOG
       found = db.rows & sent
#else
       skip
#endif
#ifdef NO_CURSOR
    :: else -> found = 0
#else
    :: else -> found = found | (db.rows & sent)
#endif
    fi;
#endif
    assert((found & ~(sent | oldSent)) == 0);        /* nothing goes that was never sent */
    db.rows = db.rows & ~found; found = 0
  }
  if :: goto again :: skip fi;                       /* kill */
#ifdef NO_LAST
  recorded = IDENTITY;
  if :: goto again :: skip fi;
#endif
  snapshot = db.ended;
  atomic {                                           /* guarded: renumbers, and writes the new first batch */
    if :: lease != held -> goto again   :: lease == held && (nextToken >= TOKENS || db.next > 6) -> goto again :: else fi;
    i = 0;
#ifdef NO_BEFORE
    snapshot = BIT(db.next + 1) - 1;
#endif
#ifndef NO_RENUMBER
    do
    :: i < MESSAGES -> if :: HAS(db.rows, i) -> db.xid[i] = db.next :: else fi; i++
    :: else -> break
    od;
    db.ended = db.ended | BIT(db.next); db.next++; own = own | db.rows; i = 0;
#endif
    number[nextToken] = 1;
#ifndef NO_NUMBER
    number[nextToken] = db.confirmed + 1;
    do
    :: i < nextToken ->
       if
       :: (HAS(db.batches, i) || i == k) && number[i] >= number[nextToken] -> number[nextToken] = number[i] + 1
       :: else
       fi;
       i++
    :: else -> break
    od;
    i = 0;
#endif
    cursor[nextToken] = snapshot; page[nextToken] = 0; db.batches = BIT(nextToken);
    k = nextToken; nextToken++; snapshot = 0
  }
  if :: goto again :: skip fi;
  atomic { if :: epoch != mine -> goto again :: else -> commit(k) fi }
  if :: goto again :: skip fi;
  atomic { if :: lease != held -> goto again :: else fi; if :: number[k] > db.confirmed -> db.confirmed = number[k] :: else fi }
  if :: goto again :: skip fi;
  atomic { if :: lease != held -> goto again :: else -> recorded = IDENTITY; adopted = true fi }
  goto again
}

proctype World() {
  byte m, at, i, found;
end:
  do
  :: atomic { m < MESSAGES && db.next < 6 ->         /* a writer commits */
       db.xid[m] = db.next; db.ended = db.ended | BIT(db.next); db.next++;
       db.rows = db.rows | BIT(m); own = own | BIT(m); published = published | BIT(m); m++ }
  :: atomic { FAULT == RESTORED && !struck -> copy(backup, db) }
  :: atomic { FAULT == WENTBACK && !struck -> oldCheckpoint = checkpoint; oldSent = sent }
  :: atomic { !struck ->
       struck = true;
       if
       :: FAULT == RESTORED -> copy(db, backup)      /* what is not in it is gone with its transactions */
       :: FAULT == COPIED || FAULT == MOVED ->
          /* Rows keep the ids of the original, this system begins with its own, and the original's relays do not know it. */
          system = 1; own = 0; db.next = 2; db.ended = BIT(2) - 1; lease++
       :: else
       fi;
       if
       :: FAULT == WENTBACK -> checkpoint = oldCheckpoint; sent = oldSent; oldSent = 0; epoch++
       :: FAULT == TOPICLOST -> checkpoint = NONE; epoch++
       :: FAULT == NEWCLUSTER || FAULT == MOVED ->
          do
          :: at < TOKENS && !(HAS(db.batches, at) && number[at] == db.confirmed) -> at++
          :: at < TOKENS && HAS(db.batches, at) && number[at] == db.confirmed -> covered(cursor[at]); before = found; break
          :: at == TOKENS -> break
          od;
          at = 0; found = 0;
          oldSent = sent; sent = 0; cluster = 1; checkpoint = NONE; epoch++
       :: else
       fi }
  od
}

init {
  atomic {
    db.batches = BIT(0); db.next = 1; db.ended = 1;
    backup.batches = BIT(0); backup.next = 1; backup.ended = 1;
    run Relay(); run Relay(); run Adopt(); run World()
  }
}
