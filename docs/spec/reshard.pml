/* Shards: an outbox is divided anew while its relays run. There are two buckets and at most two shards: shard 0 owns both
 * buckets, or shard 0 owns bucket 0 and shard 1 owns bucket 1. Who divides takes every lease by force, opens every shard,
 * reads one snapshot, sends what is left up to it, and changes the map in one transaction.
 *
 * Kafka's and PostgreSQL's own behaviour is relay.pml's: here a batch is committed in one step. A snapshot and a cursor are
 * the set of messages that were committed. Each guard is a macro NO_<GUARD> that takes it out. */
#define MESSAGES 3
#define SHARDS 2
/* Messages 0 and 1 are of one key in bucket 1, message 2 is in bucket 0. */
#define BUCKET(m) ((m) < 2)
#ifndef TOKENS
#define TOKENS 7
#endif
#ifndef OPENINGS
#define OPENINGS 2
#endif
#ifndef DIVISIONS
#define DIVISIONS 2
#endif
#ifndef SPLIT
#define SPLIT false
#endif

#define BIT(n) (1 << (n))
#define HAS(set, n) (((set) >> (n)) & 1)

/* What the tokens of batches stand for: it never changes. Tokens 0 and 1 are the shards' geneses. */
byte cursor[TOKENS], page[TOKENS];
byte nextToken = SHARDS;

/* PostgreSQL. What a shard owns is a set of buckets: 0, it is retired. */
byte outbox, batches[SHARDS], lease[SHARDS], owned[SHARDS], origin[SHARDS];

/* Kafka. A shard without a checkpoint has NONE. */
#define NONE 255
byte epoch[SHARDS], checkpoint[SHARDS], sent;

/* The world. */
byte openings, divisions;
bool known;      /* shard 1 has ever been there */

#define MINE(m, s) HAS(owned[s], BUCKET(m))

/* The rows of a page of shard `s` that is read from `from` and not beyond `upTo`. */
inline read(s, from, upTo) {
  rows = 0; i = 0;
  do
  :: i < MESSAGES -> if :: HAS(outbox & (upTo) & ~(from), i) && MINE(i, s) -> rows = rows | BIT(i) :: else fi; i++
  :: else -> break
  od;
  i = 0
}

inline write(s, cells, upTo) {
  cursor[nextToken] = upTo; page[nextToken] = cells;
  batches[s] = batches[s] | BIT(nextToken);
  nextToken++
}

inline commit(s, token) {
  checkpoint[s] = token;
  assert((page[token] & sent) == 0);                                      /* no duplicate */
  sent = sent | page[token];
  assert(!HAS(sent, 1) || HAS(sent, 0))                                   /* order of the key */
}

/* The opening's guarded transaction, with genesis where a shard is new. */
inline agree(s) {
  if
  :: conf == NONE -> conf = s; cursor[s] = origin[s]; page[s] = 0; checkpoint[s] = s
  :: else -> assert(HAS(batches[s], conf))
  fi;
  batches[s] = BIT(conf);
  if
  :: epoch[s] == own ->
     i = 0;
     do
     :: i < MESSAGES ->
        /* What the cursor covers is sent, and nothing else is. */
        if :: HAS(outbox, i) && MINE(i, s) -> assert(HAS(sent, i) == HAS(cursor[conf], i)) :: else fi;
        i++
     :: else -> break
     od;
     i = 0
  :: else
  fi
}

proctype Relay() {
  byte s, held, own, conf, next, rows, i;
closed:
  atomic {
    own = 0; conf = 0; next = 0; rows = 0; i = 0;
    openings < OPENINGS -> openings++;
    if :: s = 0 :: owned[1] != 0 -> s = 1 fi;
    lease[s]++; held = lease[s]
  }
  atomic { epoch[s]++; own = epoch[s]; conf = checkpoint[s] }
  atomic { if :: lease[s] != held -> goto closed :: else -> agree(s) fi }
publishing:
  if
  :: atomic { goto closed }                          /* kill, or any error */
  :: atomic { next == 0 && nextToken < TOKENS ->
       if :: lease[s] != held || !HAS(batches[s], conf) -> goto closed :: else fi;
       read(s, cursor[conf], outbox);
       if :: rows != 0 -> write(s, rows, outbox); next = nextToken - 1; rows = 0 :: else fi }
  :: atomic { next != 0 ->
       if
       :: epoch[s] != own -> goto closed
       :: epoch[s] == own -> commit(s, next); conf = next; next = 0
       :: epoch[s] == own -> commit(s, next); goto closed       /* its reply is lost */
       fi }
  fi;
  goto publishing
}

/* Divides the outbox into one shard where it has two, and the other way around. It may be killed anywhere and run again. */
proctype Divider() {
  byte own, conf, rows, i, s, snapshot, confs[SHARDS], held[SHARDS], owns[SHARDS];
  bool isClosed[SHARDS], split;
  byte snapshots[SHARDS];
again:
  atomic {
    i = 0; s = 0; conf = 0; own = 0; rows = 0; snapshot = 0; split = false;
    confs[0] = 0; confs[1] = 0; held[0] = 0; held[1] = 0; owns[0] = 0; owns[1] = 0;
    isClosed[0] = false; isClosed[1] = false; snapshots[0] = 0; snapshots[1] = 0;
    divisions < DIVISIONS -> divisions++;
    split = (owned[1] == 0)
#ifdef NO_OPENED
    ; snapshot = outbox
#endif
  }
  do
  :: s < SHARDS && s == 1 && !known -> s++
  :: s < SHARDS && (s == 0 || known) ->
     if
#ifdef NO_EVERY
     :: owned[s] != 0 -> s++; goto next              /* one is left out */
#endif
     :: atomic { lease[s]++; held[s] = lease[s] }
     fi;
     atomic { epoch[s]++; owns[s] = epoch[s]; own = owns[s]; conf = checkpoint[s] }
     atomic { if :: lease[s] != held[s] -> goto again :: else -> agree(s); confs[s] = conf; isClosed[s] = true; s++ fi }
next:
     if :: goto again :: skip fi                     /* kill */
  :: else -> break
  od;
  s = 0; conf = 0; own = 0;
#ifndef NO_OPENED
  snapshot = outbox;
#endif
  do
  :: atomic { s < SHARDS && isClosed[s] ->
#ifdef NO_SNAPSHOT
     snapshot = outbox; snapshots[s] = snapshot;
#endif
     i = confs[s];
     if
     :: cursor[i] == snapshot -> i = 0; goto closed
     :: cursor[i] != snapshot -> i = 0; goto left    /* sends not all, and goes on: the map's transaction sees it */
     :: cursor[i] != snapshot && nextToken < TOKENS -> skip
     fi;
     if :: lease[s] != held[s] || !HAS(batches[s], confs[s]) -> goto again :: else fi;
     read(s, cursor[confs[s]], snapshot); write(s, rows, snapshot); rows = 0; conf = nextToken - 1 }
     atomic { if :: epoch[s] != owns[s] -> goto again :: else -> commit(s, conf); confs[s] = conf; conf = 0 fi }
closed:
     s++
  :: atomic { s < SHARDS && !isClosed[s] -> s++ }
  :: atomic { s >= SHARDS -> break }
  od;
left:
  atomic {                                           /* the map, in one transaction */
    s = 0;
    do
    :: s < SHARDS ->
       if
#ifndef NO_EVERY
       :: owned[s] != 0 && !isClosed[s] -> goto again
#endif
#ifndef NO_HELD
       :: isClosed[s] && lease[s] != held[s] -> goto again
#endif
#ifndef NO_ENDS
#ifndef NO_SNAPSHOT
       :: isClosed[s] && (cursor[confs[s]] != snapshot || !HAS(batches[s], confs[s])) -> goto again
#else
       :: isClosed[s] && (cursor[confs[s]] != snapshots[s] || !HAS(batches[s], confs[s])) -> goto again
#endif
#endif
       :: else
       fi;
       s++
    :: else -> break
    od;
#ifndef NO_ORIGIN
    if :: split && !known -> origin[1] = snapshot :: else fi;
#endif
    if :: split -> known = true :: else fi;
    owned[0] = (split -> 1 : 3); owned[1] = (split -> 2 : 0);
  }
  goto again
}

proctype World() {
  byte m;
  bool isSecond;
end:
  /* The key's messages in their order, the other one at any time. */
  do
  :: atomic { m < 2 -> outbox = outbox | BIT(m); m++ }
  :: atomic { !isSecond -> isSecond = true; outbox = outbox | BIT(2) }
  od
}

init {
  atomic {
    checkpoint[0] = 0; batches[0] = BIT(0); checkpoint[1] = NONE;
    if
    :: SPLIT -> owned[0] = 1; owned[1] = 2; checkpoint[1] = 1; batches[1] = BIT(1); known = true
    :: else -> owned[0] = 3
    fi;
    run Relay(); run Relay(); run Divider(); run World()
  }
}
