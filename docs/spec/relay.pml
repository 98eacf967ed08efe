/* One shard: lease token, fencing, session barrier, intents with parents, confirmed, deletion; records that are sent while the
 * intent's transaction is still open; two relays that may stop and go on anywhere (kill, pause, zombie), a coordinator that
 * decides before its markers are there, writers whose commits are not flushed, a crash that gives transaction ids out again, a
 * failover with loss.
 * Each guard is a macro NO_<GUARD> that takes it out. */
#include "database.pml"

#ifndef OPENINGS
#define OPENINGS 3
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef FAILOVERS
#define FAILOVERS 0
#endif
#ifndef ROLLBACKS
#define ROLLBACKS 1
#endif
#ifndef PASSAGES
#define PASSAGES 0   /* batches without messages, that take the cursor past those of other shards */
#endif

/* What the tokens stand for. */
byte number[TOKENS], parentOf[TOKENS], cursor[TOKENS], page[TOKENS];
byte nextToken = 1;

/* Kafka. */
#define NONE 0
#define ONGOING 1
#define PREPARED 2
byte epoch, txnState, txnToken, checkpoint, staleCheckpoint, sent;

/* The guarded transaction that has the shard's row and is not committed: whose it is. Who takes the lease, and a crash, end it. */
byte writing;

/* The world. */
byte published, openings, crashes, failovers, rollbacks, passages, writerXid, leaseTokens;
bool lost;       /* what was sent has been taken back: nobody may go on */

inline flush() {
#ifndef NO_FLUSH
  copy(disk, mem)
#else
  skip
#endif
}

/* The markers are written: consumers see the batch. */
inline writeMarkers() {
  i = 0;
  do
  :: i < MESSAGES && HAS(page[txnToken], i) ->
     assert(!HAS(sent, i));                         /* no duplicate */
     sent = sent | BIT(i);
     if :: !HAS(published, i) -> lost = true :: else fi;
     i++
  :: i < MESSAGES && !HAS(page[txnToken], i) -> i++
  :: else -> break
  od;
  staleCheckpoint = checkpoint; checkpoint = txnToken;
  txnState = NONE; txnToken = 0
}

/* The rows that are visible now and not in the cursor `from`. */
inline readPage(from) {
  i = 0; found = 0;
  do
  :: i < MESSAGES ->
     if
     :: HAS(mem.rows, i) && HAS(mem.ended, mem.xid[i]) && !HAS(from, mem.xid[i]) -> found = found | BIT(i)
     :: else
     fi;
     i++
  :: else -> break
  od
}

#ifndef NO_TOKEN
#define GUARDED (mem.lease == lease)
#else
#define GUARDED true
#endif
#ifndef NO_FENCE
#define OWN (epoch == own)
#else
#define OWN true
#endif
#ifndef NO_AWAITED
#define INTENDED (inFlight != intent)
#else
#define INTENDED true
#endif
#ifndef NO_REST
#define KNOWS(t) HAS(mem.batches, t)
#else
#define KNOWS(t) true
#endif
#ifndef NO_PARENT
#define HASPARENT(t) HAS(mem.batches, t)
#else
#define HASPARENT(t) true
#endif

/* Page and intent, in one guarded transaction that is not committed yet. `behind`: its parent. */
inline insertIntent(behind, rowsOfPage, upTo) {
  number[nextToken] = number[behind] + 1;
  parentOf[nextToken] = behind;
  cursor[nextToken] = upTo;
  page[nextToken] = rowsOfPage;
  writing = _pid; intent = nextToken; noted = number[conf];
  nextToken++
}

inline commitIntent() {
#ifndef NO_INTENT
  mem.batches = mem.batches | BIT(intent);
#endif
  if :: noted > mem.confirmed -> mem.confirmed = noted :: else fi;
  flush();
  assert(!lost || epoch != own);
  if :: inFlight != intent && conf != intent -> ahead = intent :: else fi;
  writing = 0; intent = 0; noted = 0; i = 0
}

/* After a restart: what was running has ended, and what was not on disk is gone, with its transaction ids. */
inline takenBack(isAllowed) {
  mem.ended = BIT(mem.next) - 1; writerXid = 0; writing = 0;
  i = 0;
  do
  :: i < MESSAGES && HAS(published, i) && mem.xid[i] == 0 ->
     if
     :: HAS(sent, i) || (txnState == PREPARED && HAS(page[txnToken], i)) -> assert(isAllowed); lost = true
     :: else
     fi;
     published = published & ~BIT(i); i++
  :: i < MESSAGES && !(HAS(published, i) && mem.xid[i] == 0) -> i++
  :: else -> break
  od;
  copy(disk, mem); i = 0
}

proctype Relay() {
  byte lease, own, conf, intent, noted, inFlight, ahead, k, found, i, s, memory;
#ifdef NO_PAGE
  byte readUpTo;
#endif
closed:
  atomic {
    lease = 0; own = 0; conf = 0; intent = 0; noted = 0; inFlight = 0; ahead = 0; k = 0; found = 0; i = 0; s = 0; memory = 0;
    openings < OPENINGS -> openings++; leaseTokens++; lease = leaseTokens; mem.lease = lease; writing = 0
  }
  atomic {                                           /* InitProducerId */
#ifndef NO_SETTLE
    if
    :: txnState == ONGOING -> txnState = NONE; txnToken = 0
    :: txnState == PREPARED -> writeMarkers()
    :: else
    fi;
#endif
    epoch++; own = epoch; i = 0
  }
  atomic {                                           /* the session record, and the checkpoint before it */
    if
    :: !OWN -> goto closed
#ifdef NO_BARRIER
    :: true -> k = staleCheckpoint
#endif
    :: OWN -> k = checkpoint
    fi
  }
  atomic {                                           /* the start-up table, guarded */
    if
    :: !GUARDED -> goto closed
#ifndef NO_CONFIRMED
    :: GUARDED && number[k] < mem.confirmed -> assert(failovers > 0); goto halted
#endif
#ifndef NO_KNOWN
    :: GUARDED && !HAS(mem.batches, k) -> assert(failovers > 0); goto halted
#endif
    :: else
    fi;
    /* A failover may bring an older lease token back: its relay is fenced in Kafka, and what it believes does no harm. */
    assert(!lost || epoch != own);
    i = 0;
    do
    :: i < MESSAGES ->
       /* What the cursor covers is sent, and nothing else is: no loss, no duplicate. */
       if
       :: HAS(mem.rows, i) && HAS(mem.ended, mem.xid[i]) ->
          assert(HAS(sent, i) == HAS(cursor[k], mem.xid[i]) || epoch != own)
       :: else
       fi;
       i++
    :: else -> break
    od;
#ifndef NO_OTHERS
    mem.batches = BIT(k);
#endif
    if :: number[k] > mem.confirmed -> mem.confirmed = number[k] :: else fi;
    flush(); i = 0; conf = k; memory = cursor[k]; k = 0
  }
publishing:
  if
  :: atomic { goto closed }                           /* kill, or any error */
  :: atomic { inFlight == 0 && ahead != 0 -> inFlight = ahead; ahead = 0 }
  :: atomic { inFlight == 0 && intent != 0 && intent != conf -> inFlight = intent }   /* sent before its intent is committed */
  /* page and intent, also while a batch is in flight */
  :: atomic {
       ahead == 0 && intent == 0 && writing == 0 && nextToken < TOKENS ->
       if
       :: inFlight != 0 -> s = inFlight; memory = cursor[inFlight]
       :: else -> s = conf
#ifndef NO_EMPTY
          ; memory = cursor[conf]
#endif
       fi;
       if
       :: !GUARDED || !HASPARENT(s) -> goto closed
       :: else
       fi;
       readPage(memory);
       if
       :: found == 0 ->
#ifdef NO_EMPTY
          memory = mem.ended;
#endif
          if
          :: passages < PASSAGES && memory != mem.ended -> passages++; insertIntent(s, 0, mem.ended)
          :: true
          fi
#ifdef NO_PASSED
       :: found != 0 && passages < PASSAGES -> passages++; insertIntent(s, 0, mem.ended)
#endif
       :: found != 0 ->
#ifndef NO_PAGE
          insertIntent(s, found, mem.ended); found = 0; s = 0
#else
          readUpTo = mem.ended; i = 0; goto pageRead
#endif
       fi;
       found = 0; s = 0; i = 0
     }
  :: atomic { intent != 0 ->                          /* the COMMIT of page and intent */
       if
       :: writing != _pid -> goto closed
       :: else -> commitIntent()
       fi
     }
  :: atomic { inFlight != 0 && txnToken != inFlight ->  /* begin and send */
       if
       :: !OWN || txnState == ONGOING -> goto closed
       :: OWN && txnState == PREPARED -> writeMarkers()
       :: else
       fi;
       txnState = ONGOING; txnToken = inFlight; i = 0
     }
  :: atomic { inFlight != 0 && INTENDED && txnToken == inFlight && txnState == ONGOING ->  /* EndTxn */
       if
       :: !OWN -> goto closed
       :: OWN -> txnState = PREPARED; conf = inFlight; memory = cursor[conf]; inFlight = 0
       :: OWN -> txnState = PREPARED; goto closed       /* its reply is lost */
#ifdef NO_CRASHONLY
       :: true -> conf = inFlight; memory = cursor[conf]; inFlight = 0   /* the request is lost: taken for done */
#endif
       fi
     }
  :: atomic { inFlight == 0 && ahead == 0 && writing == 0 && GUARDED && KNOWS(conf) && number[conf] > mem.confirmed -> /* noted at rest */
       mem.confirmed = number[conf]; flush(); i = 0 }
  :: atomic { writing == 0 && GUARDED && KNOWS(conf) && mem.rows != 0 ->               /* deletion behind the confirmed cursor */
       i = 0;
#ifdef NO_DELETE
       if :: inFlight != 0 -> s = cursor[inFlight] :: else -> s = cursor[conf] fi;
#else
       s = cursor[conf];
#endif
       if :: number[conf] > mem.confirmed -> mem.confirmed = number[conf] :: else fi;
       do
       :: i < MESSAGES && HAS(mem.rows, i) && HAS(mem.ended, mem.xid[i]) && HAS(s, mem.xid[i]) ->
          assert(HAS(sent, i) || (txnState == PREPARED && HAS(page[txnToken], i)) || lost);
          mem.rows = mem.rows & ~BIT(i); i++
       :: i < MESSAGES && !(HAS(mem.rows, i) && HAS(mem.ended, mem.xid[i]) && HAS(s, mem.xid[i])) -> i++
       :: else -> break
       od;
       flush(); i = 0; s = 0
     }
  fi;
  goto publishing;
#ifdef NO_PAGE
pageRead:
  /* the page was read in a transaction of its own; its rows may be gone, or others may be there, by now */
  atomic {
    writing == 0;
    if :: !GUARDED || !HASPARENT(s) -> goto closed :: else fi;
    insertIntent(s, found, readUpTo); found = 0; s = 0; i = 0
  }
  goto publishing;
#endif
halted:
  skip
}

proctype World() {
  byte i, m;
end:
  do
  :: atomic { writerXid == 0 && m < MESSAGES && mem.next < 7 ->  /* a writer begins, and inserts */
       writerXid = mem.next; mem.next++ }
  :: atomic { writerXid != 0 ->                       /* commits, without a flush */
       mem.ended = mem.ended | BIT(writerXid);
       mem.xid[m] = writerXid; mem.rows = mem.rows | BIT(m); published = published | BIT(m);
       m++; writerXid = 0 }
  :: atomic { m < MESSAGES && writerXid == 0 && rollbacks < ROLLBACKS && mem.next < 7 ->   /* another one rolls back */
       mem.ended = mem.ended | BIT(mem.next); mem.next++; rollbacks++ }
  :: atomic { txnState == PREPARED -> writeMarkers(); i = 0 }
  :: atomic { txnState == ONGOING -> txnState = NONE; txnToken = 0; epoch++ }  /* transaction.timeout.ms */
  :: atomic { disk.next != mem.next || disk.rows != mem.rows -> copy(disk, mem); i = 0 }
  :: atomic { FAILOVERS > 0 && failovers < FAILOVERS -> copy(standby, disk); i = 0 }
  :: atomic { crashes < CRASHES -> crashes++; copy(mem, disk); takenBack(false) }
  :: atomic { failovers < FAILOVERS -> failovers++; copy(mem, standby); takenBack(true) }
  od
}

init {
  atomic {
    /* genesis: batch 0 is on both sides */
    mem.batches = BIT(0); mem.next = 1;
    byte i;
    copy(disk, mem); copy(standby, mem); i = 0;
    run Relay(); run Relay(); run World()
  }
}
