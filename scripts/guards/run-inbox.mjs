// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const folder = 'packages/kafkajs/src/run-inbox'
const laneSpec = { spec: `${folder}/partition-lane.unit.spec.ts` }
const rules = { spec: 'test/run-inbox/kafkajs-rules.e2e.spec.ts' }
const deduplication = { spec: 'test/run-inbox/deduplication.e2e.spec.ts' }
const rebalance = { spec: 'test/run-inbox/rebalance.e2e.spec.ts' }
const operators = { spec: 'test/run-inbox/operators.e2e.spec.ts' }
const start = { spec: 'test/run-inbox/start.e2e.spec.ts' }

const cursor = { ...laneSpec, file: `${folder}/partition-cursor.ts` }
const lane = { ...laneSpec, file: `${folder}/partition-lane.ts` }
const worker = { ...laneSpec, file: `${folder}/partition-worker.ts` }
const assignment = { file: `${folder}/assignment.ts`, spec: `${folder}/assignment.unit.spec.ts` }
const runner = { file: `${folder}/kafkajs-runner.ts`, spec: `${folder}/kafkajs-runner.unit.spec.ts` }
const accessTrouble = 'test/operations/access.trouble.spec.ts'
const consumerRun = { file: `${folder}/consumer-run.ts` }
const readiness = { file: `${folder}/run-readiness.ts`, spec: `${folder}/run-readiness.unit.spec.ts` }
const brokerWatch = { ...readiness, file: `${folder}/broker-watch.ts` }
const databaseWatch = { ...readiness, file: `${folder}/database-watch.ts` }
const usable = { ...start, file: `${folder}/assert-usable.ts` }

/** What is behind the looks of a group's attempts: one before each of its turns. */
const lookOfTurn = {
  file: `${folder}/partition-worker.ts`,
  find: '    if (!this.#isClosing && this.#cursor.isDoubtful) await this.#locate()\n',
  replace: '',
}

/** @typedef {Pick<GuardEntry, 'spec' | 'test'>} Proof */

/**
 * One guard with two tests: of the rule by itself, and of what kafkajs and a broker make of its absence.
 * @param {GuardEntry} entry
 * @param {Proof} broker
 * @returns {GuardEntry[]}
 */
function alsoOnBroker(entry, broker) {
  return [entry, { ...entry, ...broker, name: `${entry.name}, seen on a broker` }]
}

/** @type {readonly GuardEntry[]} */
const lostPositionGuards = [
  {
    ...cursor,
    ...operators,
    name: 'Kafka does not say where to go on in place of a position that the database has lost',
    find: '    if (position === undefined && !this.#isAnew) await this.#assertUnhandled()\n',
    replace: '    void this.#assertUnhandled\n',
    test: 'and nothing is passed over: the partition is held until the operator says where to go on',
  },
  {
    ...cursor,
    ...operators,
    name: 'a consumer that had begun behind a lost position does not go on where it began',
    find: '    if (first && position === undefined) this.#first = next\n',
    replace: '    if (first) this.#first = next\n',
    test: 'under a consumer that had begun behind it: it is held, too',
  },
]

/** What a batch is held to, and how a partition is claimed, held and lost. @type {readonly GuardEntry[]} */
const partitionGuards = [
  ...alsoOnBroker(
    {
      ...cursor,
      name: 'only a batch that was fetched from exactly here is handled',
      find: 'BigInt(batch.fetchedOffset) === this.#next',
      replace: 'BigInt(batch.fetchedOffset) >= 0n',
      test: 'handles nothing of a batch from further on, nor of one from further back',
    },
    { ...rules, test: 'does not handle a batch that was fetched before it knew where to go on' },
  ),
  ...alsoOnBroker(
    {
      ...lane,
      name: 'a claim seeks to the position, whatever comes',
      find: '      await this.#worker.claim()\n',
      replace: '',
      test: 'seeks to where the inbox goes on as soon as it is opened, without any batch',
    },
    { ...deduplication, test: 'replays what a restored database has lost, although no new message comes' },
  ),
  ...alsoOnBroker(
    {
      ...worker,
      name: 'Kafka does not overrule a position',
      find: '    if (!this.#cursor.isFixed) return this.#followKafka',
      replace: '    if (misses > 0) return this.#followKafka',
      test: 'holds the partition when Kafka keeps reading from elsewhere than the position',
    },
    {
      ...rules,
      test: 'holds a partition whose position retention has passed, instead of starting elsewhere',
    },
  ),
  ...alsoOnBroker(
    {
      ...worker,
      name: 'a position is read again after a failure',
      find: 'if (attempt > 1 || this.#cursor.isDoubtful) await this.#locate()',
      replace: 'if (attempt < 1) await this.#locate()',
      also: [lookOfTurn],
      test: 'goes back when a failure turns out to be a restored database',
    },
    { ...deduplication, test: 'replays what a database has lost that was restored under a failing consumer' },
  ),
  {
    ...worker,
    name: 'a position is read again when its message has waited',
    find: 'attempt > 1 || this.#cursor.isDoubtful',
    replace: 'attempt > 1',
    also: [lookOfTurn],
    test: 'goes back when the database was restored while a message waited for its turn',
  },
  {
    ...worker,
    name: 'a position is read again when another message had the process for itself',
    find: '    if (!this.#isClosing && this.#cursor.isDoubtful) await this.#locate()\n',
    replace: '',
    test: 'goes back when the database was restored while another message had the process for itself',
  },
  {
    ...worker,
    name: 'a batch is of no topic that was found behind it',
    find: '    if (!this.#cursor.isOfTopic(topics)) return\n',
    replace: '    void topics\n',
    test: 'leaves a batch that came to hand before another topic was found',
  },
  {
    ...worker,
    name: 'a message that failed is of no topic that was found since',
    find: 'done = this.#cursor.standsAt(before) ?',
    replace: 'done = this.next === before.next ?',
    test: 'leaves a batch whose topic was created anew while its first message failed: it is not of the other one',
  },
  {
    ...worker,
    name: 'a message that has waited is of no topic that was found since',
    find: '!this.#isClosing && this.#cursor.standsAt(before) ?',
    replace: '!this.#isClosing && this.next === before.next ?',
    test: 'leaves a batch whose topic was created anew while its first message waited for the process',
  },
  {
    file: `${folder}/topic-id.ts`,
    spec: `${folder}/topic-id.unit.spec.ts`,
    name: 'a leader that does not answer is looked for anew',
    find: '    await cluster.refreshMetadata().catch(() => undefined)\n    throw error',
    replace: '    throw error',
    test: 'asks who leads the partition now when the leader does not answer',
  },
  {
    file: `${folder}/out-of-range.ts`,
    spec: `${folder}/out-of-range.unit.spec.ts`,
    name: 'a follower that lags is no log that begins later',
    find: '    if (leavesFollower(consumerGroup, place)) return\n',
    replace: '    void leavesFollower\n',
    test: 'leaves a follower for the leader, which knows more of the log',
  },
  ...alsoOnBroker(
    {
      ...worker,
      name: 'a batch is handled once its topic is known to be the one of the batch before',
      find: ' && (await this.#cursor.isOfSameTopic())',
      replace: '',
      test: 'is held when the topic was created anew while a batch was handled, however soon the next one comes',
    },
    {
      ...operators,
      test: 'while a message is handled: what has outgrown the position by then is not passed over',
    },
  ),
  ...alsoOnBroker(
    {
      ...cursor,
      name: 'a position is not trusted for ever',
      find: 'this.#trustedAt > trustMs',
      replace: 'this.#trustedAt === trustMs * 1e12',
      test: 'goes back when the database was restored while there was nothing to do',
    },
    { ...operators, test: 'under a consumer that had begun behind it: it is held, too' },
  ),
  {
    ...lane,
    name: 'a position is read again when the group has joined again',
    find: '    this.#worker.doubt()\n    this.open()\n',
    replace: '',
    test: 'reads its position anew when the group has joined again',
  },
  ...alsoOnBroker(
    {
      ...worker,
      name: 'a failed message is not passed over',
      find: 'messages[done - 1]',
      replace: 'messages[Math.max(done, 1) - 1]',
      test: 'goes back when a failure turns out to be a restored database',
    },
    { ...deduplication, test: 'replays what a database has lost that was restored under a failing consumer' },
  ),
  ...alsoOnBroker(
    {
      ...worker,
      name: 'no error of a handler escapes into kafkajs',
      find: '    return { error }\n',
      replace: '    throw error\n',
      test: 'pauses before it lets kafkajs go on without a message that fails',
    },
    { ...rules, test: 'outlives a handler that throws a TypeError' },
  ),
  {
    ...worker,
    name: 'a message that fails is held for a while',
    find: 'await clock.sleep(delayMs, closing)',
    replace: 'if (attempt > 1) await clock.sleep(delayMs, closing)',
    test: 'pauses before it lets kafkajs go on without a message that fails',
  },
  {
    ...lane,
    name: 'a partition is paused before kafkajs goes on without it',
    find: '    if (!this.#paused) this.#feed.pause(this.place)\n',
    replace: '',
    test: 'pauses before it lets kafkajs go on without a message that fails',
  },
  ...alsoOnBroker(
    {
      ...lane,
      name: 'kafkajs does not wait for what takes long',
      find: '      if (turn.isOpen) this.#stepAside()\n',
      replace: '',
      test: 'lets kafkajs go on when a message takes long, and handles the rest of the batch beside it',
    },
    { ...rules, test: 'keeps its membership while a handler takes longer than the session timeout' },
  ),
  {
    ...worker,
    name: 'a rebalance waits for the message under way and no other',
    find: 'if (this.#isClosing || turn.isYielded) return',
    replace: 'if (this.#isClosing) return',
    test: 'handles no more than the message under way when it is to yield, and has the rest fetched again',
  },
  ...alsoOnBroker(
    {
      ...lane,
      name: 'losing a partition aborts its handler',
      find: '    this.#givingUp.abort(reason)\n',
      replace: '    void reason\n',
      test: 'aborts what is under way when it is lost, and leaves nothing behind in kafkajs',
    },
    {
      ...rebalance,
      test: 'aborts the slow handler whose partition goes, lets the other finish, and keeps effects and order',
    },
  ),
  ...alsoOnBroker(
    {
      ...lane,
      name: 'a lost partition is resumed in kafkajs, which would keep it paused',
      find: '    if (this.#paused) this.#feed.resume(this.place)\n    this.#turn?.close()',
      replace: '    this.#turn?.close()',
      test: 'aborts what is under way when it is lost, and leaves nothing behind in kafkajs',
    },
    { ...rules, test: 'resumes a partition that it had paused, lost and was given again' },
  ),
  {
    ...lane,
    name: 'a lost partition leaves no seek in kafkajs',
    find: '    this.#feed.dropSeek(this.place)\n',
    replace: '',
    test: 'aborts what is under way when it is lost, and leaves nothing behind in kafkajs',
  },
  ...alsoOnBroker(
    {
      ...worker,
      name: 'no offset of a lost partition is committed',
      find: 'this.next === undefined || givingUp.aborted',
      replace: 'this.next === undefined',
      test: 'notes nothing of what is finished after the loss',
    },
    {
      ...rebalance,
      test: 'lets a message take effect once although its former owner finishes it, heedless of its signal',
    },
  ),
  {
    ...worker,
    ...deduplication,
    name: 'from latest: the first end of the log is kept',
    find: 'await context.offsets.flush()',
    replace: 'void context',
    test: 'starts at the end of the log when told so, and passes over nothing after that',
  },
]

/** What a group does to a consumer, and what kafkajs does by itself. @type {readonly GuardEntry[]} */
const groupGuards = [
  ...alsoOnBroker(
    {
      ...assignment,
      name: 'a member that was given a new name starts over',
      find: 'if (memberId !== this.#memberId) this',
      replace: "if (memberId === '') this",
      test: 'takes all for lost when the group has given it another name: others had its partitions meanwhile',
    },
    {
      ...rules,
      test: 'aborts the handler of a member that the group has expelled, and handles the message once',
    },
  ),
  {
    ...assignment,
    name: 'a batch of a partition that has gone is dropped',
    find: ' || !feed.owns(place)',
    replace: '',
    test: 'drops a batch of a partition that is not its own any more',
  },
  {
    ...assignment,
    name: 'a batch of a former start is dropped',
    find: 'feed !== this.#feed || ',
    replace: '',
    test: 'drops a batch that a former start of kafkajs had fetched',
  },
  {
    ...assignment,
    name: 'a partition that was taken for lost is taken up again',
    find: '(this.#lanes.get(keyOf(place)) ?? this.#open(place))?.take',
    replace: 'this.#lanes.get(keyOf(place))?.take',
    test: 'takes a partition up again that it took for lost, and the group did not',
  },
  {
    ...assignment,
    name: 'a partition that comes back waits for its former handler',
    find: 'this.#ending.get(keyOf(place)) ?? Promise.resolve()',
    replace: 'Promise.resolve()',
    test: 'does not handle a message beside the former handler of its partition',
  },
  {
    ...consumerRun,
    ...rules,
    name: 'kafkajs shows fetches without messages',
    find: '    showEmptyBatches(runner)\n',
    replace: '',
    test: 'goes on behind fetches that hold nothing but aborted records',
  },
  {
    ...runner,
    name: 'members in one process share no offsets',
    find: '  consumerGroup.cluster.committedOffsetsByGroup = new Map()\n',
    replace: '  void consumerGroup\n',
    test: 'keeps what a member knows of offsets from another one of its group and Kafka instance',
  },
  {
    ...consumerRun,
    ...rules,
    name: 'a consumer that kafkajs gives up starts again',
    find: '    else this.#restarting = this.#restart(crash.error)\n',
    replace: '',
    test: 'starts again after a crash from which kafkajs does not',
  },
  {
    ...consumerRun,
    ...rebalance,
    name: 'offsets are committed before a rebalance',
    find: '    void this.#offsets.flush()\n    this.#assignment.yield()\n',
    replace: '',
    test: 'goes on with a partition that it keeps from where it was, whatever the group has committed',
  },
  {
    file: `${folder}/crash.ts`,
    spec: `${folder}/crash.unit.spec.ts`,
    name: 'the user’s restartOnFailure decides',
    find: 'return !restart && (',
    replace: 'return !restart && restart && (',
    test: 'keeps a consumer down only where kafkajs would have started it again by itself',
  },
  {
    ...runner,
    name: 'kafkajs does not start again after a stop',
    find: '    if (heard && !heard(this)) return\n',
    replace: '    heard?.(this)\n',
    test: 'keeps a consumer from starting when told so',
  },
  {
    file: `${folder}/group-feed.ts`,
    spec: `${folder}/group-feed.unit.spec.ts`,
    name: 'a resumed partition is soon fetched',
    find: 'this.#paused.size > 0 ?',
    replace: 'this.#paused.size < 0 ?',
    test: 'lets fetches wait briefly while a partition is paused, so that it is soon fetched when it is resumed',
  },
  {
    file: `${folder}/offset-committer.ts`,
    spec: `${folder}/offset-committer.unit.spec.ts`,
    name: 'a refused commit of offsets is made again',
    find: '      this.#flushLater(Math.max(this.#setup.intervalMs, shortestRetryMs))\n',
    replace: '',
    test: 'commits anew what Kafka has refused, when nothing more comes',
  },
  {
    file: `${folder}/slots.ts`,
    spec: `${folder}/slots.unit.spec.ts`,
    name: 'so many messages are handled at once, and no more',
    find: 'if (this.#free > 0) this.#free -= 1',
    replace: 'if (this.#waiting) this.#free -= 1',
    test: 'lets so many run at once, the others in their order, whatever becomes of them',
  },
]

/** What a consumer has to be. @type {readonly GuardEntry[]} */
const startGuards = [
  {
    ...usable,
    name: 'a consumer of uncommitted records is refused',
    find: 'consumerGroup.isolationLevel !== readCommitted',
    replace: 'consumerGroup.isolationLevel > readCommitted',
    test: 'refuses a consumer that reads uncommitted records',
  },
  {
    ...usable,
    name: 'a subscription without a handler is refused',
    find: '!handlers.has(topic)',
    replace: '!handlers.has(topic) && handlers.size === 0',
    test: 'refuses a consumer that is subscribed to a topic without a handler',
  },
  {
    ...consumerRun,
    ...start,
    name: 'a consumer that runs already is refused',
    find: '    assertIdle(this.#consumer)\n',
    replace: '',
    test: 'refuses a consumer that runs already',
  },
  {
    ...consumerRun,
    ...start,
    name: 'the tables are looked at before Kafka',
    find: '    await this.#inbox.checkSchema()\n',
    replace: '',
    test: 'says when the tables are missing, before it connects to Kafka',
  },
  {
    ...consumerRun,
    ...deduplication,
    name: 'read_committed is corrected',
    find: '    assertReadCommitted(this.#consumer)\n',
    replace: '',
    test: 'never handles a record of an aborted transaction, and steps over them',
  },
  {
    ...consumerRun,
    spec: 'test/run-inbox/retention.e2e.spec.ts',
    name: 'a gap that retention has left does not move a consumer to the end of the log',
    find: '    recoverAtLogStart(runner, take)\n',
    replace: '    void recoverAtLogStart\n',
    test: 'a group goes on with what is left, from latest and deduplicated by both',
  },
]

/** When a consumer says that it handles nothing, and goes on. @type {readonly GuardEntry[]} */
const silenceGuards = [
  {
    file: `${folder}/restart-after-silence.ts`,
    spec: 'test/run-inbox/outage.e2e.spec.ts',
    name: 'a consumer asks no second time on a connection that is silent',
    find: '    if (isTimeout(error)) throw given(error)\n',
    replace: '',
    test: 'starts again after one request that a half-open connection has not answered',
  },
  {
    ...brokerWatch,
    name: 'a consumer whose brokers are silent is not ready',
    find: 'const since = Math.min(this.#heardAt, ...this.#fetching.values())',
    replace: 'const since = Math.min(this.#clock.now(), ...this.#fetching.values())',
    test: 'is not once no broker has answered for 10 s',
  },
  {
    ...brokerWatch,
    name: 'one broker that is silent is not covered up by others',
    find: 'const since = Math.min(this.#heardAt, ...this.#fetching.values())',
    replace: 'const since = this.#heardAt',
    test: 'is not once one broker has answered no fetch for 10 s',
  },
  {
    ...databaseWatch,
    name: 'a consumer whose database is silent is not ready, also with nothing to handle',
    find: 'return unanswered ? silent() : this.#error',
    replace: 'return unanswered && this.#error ? silent() : this.#error',
    test: 'is not once its database says no, or nothing for 8 s',
  },
  {
    ...databaseWatch,
    name: 'a pool without a free connection is no silent database while messages are handled',
    find: 'if (this.#askedAt !== undefined) this.#askedAt = this.#clock.now()',
    replace: 'void this.#clock',
    test: 'has heard of its database where a message was handled meanwhile',
  },
  {
    ...readiness,
    name: 'a consumer that was ended and has joined its group has still to read',
    find: ' ?? crash\n',
    replace: ' ?? (crash && undefined)\n',
    test: 'is not after a crash until each topic that it is given has been read again',
  },
  {
    ...readiness,
    file: `${folder}/last-crash.ts`,
    spec: accessTrouble,
    name: 'a consumer that may not read is not ready after a start of its',
    find: '    if (this.#unread?.size === 0)',
    replace: '    if (this.#unread)',
    test: 'to read a topic: no start of its consumer is taken for one that works',
  },
  {
    ...readiness,
    file: `${folder}/last-crash.ts`,
    name: 'what was fetched before a start is none that was read since',
    find: '    this.#unread = undefined\n',
    replace: '',
    test: 'is not after a crash until each topic that it is given has been read again',
  },
  {
    ...readiness,
    file: 'packages/kafkajs/src/publisher/broker-errors.ts',
    name: 'a consumer names the group that it may not read as',
    find: "  if (type.startsWith('GROUP_')) return group\n",
    replace: '  void group\n',
    test: 'names what it is not allowed: GROUP_AUTHORIZATION_FAILED',
  },
  {
    ...readiness,
    name: 'a message that fails does not take its consumer for unready',
    find: '!isMessageFault(error)',
    replace: '(isMessageFault(error) || true)',
    test: 'is not while a partition is held, unless a message is what holds it',
  },
]

/** @type {readonly GuardEntry[]} */
export const runInboxGuards = [
  ...partitionGuards,
  ...lostPositionGuards,
  ...groupGuards,
  ...startGuards,
  ...silenceGuards,
]
