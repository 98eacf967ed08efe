/* Parking on the way out: a record that the broker refuses is found by sending less, its key is parked with all that follows
 * it, and an operator has it sent again or discards it. Two relays that may be killed and paused anywhere.
 *
 * Kafka's and PostgreSQL's own behaviour is relay.pml's: here a producer is fenced and settled in one step, a batch is
 * committed in one step, and a page is what no cursor covers. Messages are published in the order of their numbers; KEYED are
 * those of the one key that has trouble. Each guard is a macro NO_<GUARD> that takes it out. */
#define MESSAGES 4
#ifndef KEYED
#define KEYED 11       /* messages 0, 1 and 3; message 2 has another key */
#endif
#ifndef REFUSED
#define REFUSED 0      /* the message that the broker refuses until it is mended */
#endif
#ifndef TOKENS
#define TOKENS 8
#endif
#ifndef OPENINGS
#define OPENINGS 5
#endif
#ifndef RETRIES
#define RETRIES 2
#endif

#define BIT(n) (1 << (n))
#define HAS(set, n) (((set) >> (n)) & 1)

/* What the tokens of batches stand for: it never changes. */
byte parentOf[TOKENS], cursor[TOKENS], page[TOKENS], releases[TOKENS];
byte nextToken = 1;

/* PostgreSQL. `retried`: an operator wants the key sent again. */
byte outbox, parked, batches = 1, lease;
bool blocked, retried;

/* Kafka. */
byte epoch, checkpoint, sent;
bool mended;

/* The world. */
byte published, discarded, openings, retries;

#define LEAST(set) ((set) & -(set))
#ifndef NO_OFF
#define SETTLED ((parked & releases[conf]) == 0)
#else
#define SETTLED true
#endif
#ifndef NO_ROW
#define ALONE(set) ((set) == LEAST(set))
#else
#define ALONE(set) true
#endif

/* Of a set, what the next batch may hold. */
inline take(from) {
  rows = LEAST(from);
  if :: !single -> rows = rows | LEAST(from & ~rows) :: else fi
}

inline write(behind, cells, upTo, places) {
  parentOf[nextToken] = behind; cursor[nextToken] = upTo; page[nextToken] = cells; releases[nextToken] = places;
  batches = batches | BIT(nextToken);
  nextToken++
}

/* What Kafka has confirmed is no longer parked. */
inline apply(places) {
  parked = parked & ~(places);
  if :: (parked & KEYED) == 0 && (places) != 0 -> blocked = false; retried = false :: else fi
}

/* Markers are relay.pml's part: a batch is committed, or not. */
inline commit(token) {
  checkpoint = token;
  assert((page[token] & sent) == 0);                                      /* no duplicate */
  assert((page[token] & discarded) == 0);                                 /* nothing that was discarded */
  i = 0;
  do
  :: i < MESSAGES ->
     if
     :: HAS(page[token] & KEYED, i) ->                                    /* order of the key */
        assert((KEYED & (BIT(i) - 1) & ~(sent | page[token] | discarded)) == 0)
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0;
  sent = sent | page[token]
}

proctype Relay() {
  byte own, held, conf, inFlight, ahead, fault, rows, moved, i;
  bool single;     /* what failed batches have taught: send one row at a time */
closed:
  atomic {
    openings < OPENINGS -> openings++;
#ifndef NO_FORGET
    if :: lease != held -> fault = 0 :: else fi;     /* somebody else has had the lease */
#endif
    own = 0; conf = 0; inFlight = 0; ahead = 0; rows = 0; moved = 0;
    lease++; held = lease
  }
  atomic { epoch++; own = epoch; conf = checkpoint }
  atomic {                                           /* the opening's guarded transaction */
    if :: lease != held -> goto closed :: else fi;
    assert(HAS(batches, conf));
    batches = BIT(conf);
#ifndef NO_OPENING
    apply(releases[conf]);
#endif
    /* Each message is in one place: sent, parked, discarded, or still to be read. */
    if
    :: epoch == own ->
       i = 0;
       do
       :: i < MESSAGES && HAS(published, i) ->
          assert(HAS(sent, i) + HAS(parked, i) + HAS(discarded, i) + HAS(outbox & ~cursor[conf], i) == 1); i++
       :: i < MESSAGES && !HAS(published, i) -> i++
       :: else -> break
       od;
       i = 0
    :: else
    fi
  }
#ifndef NO_FIRST
  atomic {                                           /* a fault is settled before anything is read */
    if
    :: fault != 0 -> goto settling
    :: else -> goto publishing
    fi
  }
settling:
  atomic {
    if :: lease != held -> goto closed :: else fi;
    if
#ifndef NO_SINCE
    :: parentOf[fault] != conf -> skip               /* somebody else has been here since */
#endif
    :: else ->
       if
       :: releases[fault] != 0 -> retried = false
       :: releases[fault] == 0 && (outbox & page[fault]) != 0 ->
          parked = parked | page[fault]; outbox = outbox & ~page[fault];
          if :: (page[fault] & KEYED) != 0 -> blocked = true :: else fi
       :: else
       fi
    fi;
    assert((parked & ~KEYED) == 0);                  /* other keys flow */
    fault = 0; single = false
  }
#endif
publishing:
  if
  :: atomic { goto closed }                          /* any error */
  :: atomic { fault = 0; single = false; goto closed }           /* kill: what it had learned is gone */
  :: atomic { inFlight == 0 && ahead != 0 -> inFlight = ahead; ahead = 0 }
#ifdef NO_FIRST
  :: atomic { fault != 0 && lease == held ->         /* some time later */
       if
       :: parentOf[fault] == conf && releases[fault] == 0 && (outbox & page[fault]) != 0 ->
          parked = parked | page[fault]; outbox = outbox & ~page[fault]; blocked = true
       :: else
       fi;
       fault = 0; single = false }
#endif
  /* page and intent, also while a page is in flight */
  :: atomic { ahead == 0 && nextToken < TOKENS && SETTLED && (inFlight == 0 || releases[inFlight] == 0) ->
       if :: inFlight != 0 -> i = inFlight :: else -> i = conf fi;
       if :: lease != held || !HAS(batches, i) -> goto closed :: else fi;
       take(outbox & ~cursor[i]);
       if
       :: rows == 0
       :: rows != 0 ->
          moved = 0;
#ifndef NO_SIFT
          if :: blocked -> moved = rows & KEYED :: else fi;
          outbox = outbox & ~moved; parked = parked | moved;
#endif
          write(i, rows & ~moved, cursor[i] | rows, 0); ahead = nextToken - 1;
          batches = batches & ~(BIT(conf) - 1)
       fi;
       rows = 0; moved = 0; i = 0 }
  /* a release is a batch of its own, behind what is confirmed */
  :: atomic { inFlight == 0 && ahead == 0 && nextToken < TOKENS && SETTLED && retried ->
       if :: lease != held || !HAS(batches, conf) -> goto closed :: else fi;
#ifndef NO_OLDEST
       take(parked);
#else
       if :: take(parked) :: rows = parked & ~LEAST(parked) fi;
#endif
       if
       :: rows == 0 -> retried = false
       :: rows != 0 ->
#ifndef NO_PLACE
          write(conf, rows, cursor[conf], rows);
#else
          write(conf, rows, cursor[conf] | published, rows);
#endif
          inFlight = nextToken - 1;
#ifdef NO_KEPT
          apply(rows);
#endif
#ifdef NO_STAYS
          blocked = false;
#endif
          skip
       fi;
       rows = 0 }
  :: atomic { inFlight != 0 ->                       /* begin, send, EndTxn */
       if
       :: epoch != own -> goto closed
       :: epoch == own && HAS(page[inFlight], REFUSED) && !mended ->
          if
          :: ALONE(page[inFlight]) -> fault = inFlight
          :: else -> single = true
          fi;
          goto closed
       :: epoch == own && (!HAS(page[inFlight], REFUSED) || mended) ->
          commit(inFlight); conf = inFlight; inFlight = 0
       :: epoch == own && (!HAS(page[inFlight], REFUSED) || mended) ->
          commit(inFlight); goto closed              /* its reply is lost */
       fi }
  :: atomic { inFlight == 0 && releases[conf] != 0 && (parked & releases[conf]) != 0 ->
       if :: lease != held -> goto closed :: else fi;
       apply(releases[conf]) }
  :: atomic { (outbox & cursor[conf]) != 0 ->        /* deletion */
       if :: lease != held -> goto closed :: else fi;
       outbox = outbox & ~cursor[conf] }
  fi;
  goto publishing
}

/* What a batch that is on record holds of the parked ones may be on its way. */
inline inFlightOfAll() {
  busy = 0; i = 0;
  do
  :: i < TOKENS && HAS(batches, i) -> busy = busy | releases[i]; i++
  :: i < TOKENS && !HAS(batches, i) -> i++
  :: else -> break
  od;
  i = 0
}

proctype World() {
  byte m, i, busy;
end:
  do
  :: atomic { m < MESSAGES -> outbox = outbox | BIT(m); published = published | BIT(m); m++ }
  :: atomic { !mended -> mended = true }
  :: atomic { retries < RETRIES && parked != 0 && !retried -> retries++; retried = true }   /* parked retry */
  :: atomic { retries < RETRIES && parked != 0 ->    /* parked discard, of the oldest */
       retries++;
       inFlightOfAll();
#ifdef NO_DISCARD
       busy = 0;
#endif
       if
       :: (LEAST(parked) & busy) == 0 ->
          discarded = discarded | LEAST(parked); parked = parked & ~LEAST(parked);
          if :: parked == 0 -> blocked = false; retried = false :: else fi
       :: else
       fi;
       busy = 0 }
  od
}

init { atomic { run Relay(); run Relay(); run World() } }
