// @ts-check
// What `npm run spec` has Spin search: each model of docs/spec whole, and without each of its guards.

/**
 * @typedef {object} Model
 * @property {string} model its file in docs/spec
 * @property {readonly string[]} flags of every search of it
 * @property {Readonly<Record<string, readonly string[]>>} wholes what is searched whole: bounds and faults
 * @property {Readonly<Record<string, readonly string[]>>} guards each guard, with the flags under which it is missed
 */

/** @typedef {{ name: string, model: string, holds: boolean, flags: readonly string[] }} Check */

const failover = ['-DFAILOVERS=1', '-DCRASHES=0', '-DROLLBACKS=0', '-DOPENINGS=2']
/** A shard to which nothing is published takes its cursor past what others have. */
const passage = ['-DPASSAGES=1', '-DROLLBACKS=0', '-DOPENINGS=2']
/** The other key's message comes second. */
const mixed = ['-DKEYED=13']
const merged = ['-DSPLIT=true']
/** @param {string} name */
const fault = (name) => [`-DFAULT=${name}`]

const restored = [...fault('RESTORED'), '-DMESSAGES=2']
/** One opening finds a batch, the next one that Kafka has lost it. */
const reopened = [...fault('WENTBACK'), '-DOPENINGS=3', '-DADOPTIONS=0']

/** Both messages are shard 0's. */
const alone = ['-DOTHERS=0', '-DSECOND=1']
const promoted = ['-DFAULT=FAILOVER', ...alone]

/** @type {readonly Model[]} */
const models = [
  {
    model: 'relay',
    flags: [],
    wholes: {
      'a crash': [],
      'a failover with loss': failover,
      'a batch without messages, and a crash': passage,
      'a batch without messages, and a failover with loss': [...failover, '-DPASSAGES=1'],
    },
    guards: {
      TOKEN: [],
      FENCE: [],
      SETTLE: [],
      BARRIER: [],
      PAGE: [],
      INTENT: [],
      FLUSH: [],
      AWAITED: [],
      EMPTY: [],
      CRASHONLY: [],
      DELETE: [],
      PARENT: failover,
      KNOWN: failover,
      REST: failover,
      PASSED: passage,
    },
  },
  {
    model: 'parking',
    flags: ['-DOPENINGS=3', '-DTOKENS=6'],
    // SINCE and FORGET stand behind each other: either alone will do.
    wholes: {
      'a refused record': [],
      'a refused record, by SINCE alone': ['-DNO_FORGET'],
      'a refused record, by FORGET alone': ['-DNO_SINCE'],
    },
    guards: {
      ROW: mixed,
      FIRST: [],
      SINCE: ['-DNO_FORGET'],
      OPENING: [],
      SIFT: [],
      OLDEST: mixed,
      PLACE: mixed,
      KEPT: mixed,
      STAYS: mixed,
      OFF: mixed,
      DISCARD: mixed,
    },
  },
  {
    model: 'reshard',
    flags: ['-DDIVISIONS=1', '-DOPENINGS=2', '-DTOKENS=6'],
    wholes: { 'one shard into two': [], 'two shards into one': merged },
    guards: { EVERY: merged, HELD: merged, ENDS: merged, ORIGIN: [], SNAPSHOT: merged, OPENED: merged },
  },
  {
    model: 'adopt',
    flags: ['-DOPENINGS=2', '-DADOPTIONS=1', '-DTOKENS=6'],
    wholes: {
      'a restored backup': restored,
      'a copy into another system': fault('COPIED'),
      'Kafka goes back': fault('WENTBACK'),
      'Kafka goes back behind a second opening': reopened,
      'a lost checkpoint topic': fault('TOPICLOST'),
      'another cluster': fault('NEWCLUSTER'),
      'a copy, and another cluster': fault('MOVED'),
    },
    guards: {
      IDENTITY: fault('COPIED'),
      LOG: restored,
      LAST: fault('COPIED'),
      NUMBER: fault('RESTORED'),
      CONFIRMED: fault('WENTBACK'),
      RAISED: reopened,
      FORCED: restored,
      FENCED: fault('COPIED'),
      OWN: fault('MOVED'),
      SAMELOG: fault('NEWCLUSTER'),
      CURSOR: fault('NEWCLUSTER'),
      RENUMBER: fault('COPIED'),
      BEFORE: fault('COPIED'),
    },
  },
  {
    model: 'ring',
    flags: [],
    wholes: { 'Kafka goes back': [], 'a failover with loss': promoted },
    guards: {
      AGREED: [],
      OWNED: [],
      EVERY: [],
      CONFIRMED: [],
      NEWER: [],
      RUNNING: alone,
      UNREAD: alone,
      LOCK: [],
      AGAIN: [],
    },
  },
]

/** @type {readonly Check[]} */
export const checks = models.flatMap(({ model, flags, wholes, guards }) => [
  ...Object.entries(wholes).map(([name, own]) => ({
    name: `${model}: whole, ${name}`,
    model,
    holds: true,
    flags: [...flags, ...own],
  })),
  ...Object.entries(guards).map(([guard, own]) => ({
    name: `${model}: without ${guard}`,
    model,
    holds: false,
    flags: [`-DNO_${guard}`, ...flags, ...own],
  })),
])
