// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const source = 'packages/pigeonhole/src/page'
const app = { file: `${source}/page-app.ts`, spec: `${source}/page-app.unit.spec.ts` }
const policy = { ...app, test: 'under a policy that lets nothing in from elsewhere' }
const names = { ...app, test: 'to who asks this machine by a name of another' }
const actions = { file: `${source}/actions-app.ts`, spec: `${source}/actions-app.unit.spec.ts` }
const exactly = { ...actions, test: 'are not done of what is not said exactly' }
const privacy = { file: `${source}/find.ts`, spec: `${source}/find.int.spec.ts` }
const reports = { file: `${source}/shard-reporter.ts`, spec: `${source}/shard-reporter.unit.spec.ts` }
const lags = {
  file: 'packages/kafkajs/src/inspect/read-lags.ts',
  spec: 'packages/kafkajs/src/inspect/read-lags.int.spec.ts',
}
const browser = { spec: 'test/page/page.full.spec.ts' }

/** What the worker's page lets nobody read or do. @type {readonly GuardEntry[]} */
export const pageGuards = [
  {
    ...policy,
    name: 'no script of another site runs in the page',
    find: `scriptSrc: ["'self'"]`,
    replace: `scriptSrc: ["'self'", 'https:']`,
  },
  {
    ...policy,
    name: 'no markup that got into the page runs as a script',
    find: `scriptSrc: ["'self'"]`,
    replace: `scriptSrc: ["'self'", "'unsafe-inline'"]`,
  },
  {
    ...policy,
    name: 'the page sends nothing to another site',
    find: `connectSrc: ["'self'"]`,
    replace: `connectSrc: ['*']`,
  },
  {
    ...policy,
    name: 'no form of the page goes anywhere',
    find: `    formAction: ["'none'"],\n`,
    replace: '',
  },
  {
    ...policy,
    name: 'no site shows the page in a frame, to have somebody press its buttons',
    find: `    frameAncestors: ["'none'"],\n`,
    replace: '',
  },
  {
    ...policy,
    name: 'the state has the headers of the page',
    find: "app.get('/api/state', headers, named,",
    replace: "app.get('/api/state', named,",
  },
  {
    ...names,
    name: 'a site whose name points to this machine reads nothing',
    find: '!isLoopback(new URL(context.req.url).hostname)',
    replace: '!isLoopback(host)',
  },
  {
    ...names,
    file: `${source}/loopback.ts`,
    name: 'a name that begins as an address of this machine is none',
    find: "(isIPv4(bare) && bare.startsWith('127.'))",
    replace: "(isIPv4('127.0.0.1') && bare.startsWith('127.'))",
  },
  {
    ...actions,
    name: 'a site whose name points to this machine decides on nothing',
    file: app.file,
    find: "app.use('/api/parked/*', headers, named)",
    replace: "app.use('/api/parked/*', headers)",
    test: 'are refused to who asks this machine by a name of another machine',
  },
  {
    ...actions,
    name: 'who has no token decides on nothing',
    find: 'bearerAuth({ token })',
    replace: 'bearerAuth({ verifyToken: () => true })',
    test: 'are refused with another token',
  },
  {
    ...actions,
    name: 'a token is asked for',
    find: 'sameOrigin, bearerAuth({ token }), ',
    replace: 'sameOrigin, ',
    test: 'are refused without a token',
  },
  {
    ...actions,
    name: 'what comes from another origin is refused, also with the token',
    find: 'if (isForeign || site ',
    replace: 'if (site ',
    test: 'are refused from the page of another site',
  },
  {
    ...actions,
    name: 'what the browser says comes from another site is refused, also with the token',
    find: "if (isForeign || site !== 'same-origin')",
    replace: 'if (isForeign)',
    test: 'are refused from what the browser calls another site',
  },
  {
    ...actions,
    name: 'what another port of this machine serves is another site',
    find: "site !== 'same-origin')",
    replace: "site === 'cross-site')",
    test: 'are refused from another port of this machine',
  },
  {
    ...actions,
    name: 'what a form can send is refused',
    find: 'bearerAuth({ token }), asJson, ',
    replace: 'bearerAuth({ token }), ',
    test: 'are refused as a form sends it',
  },
  {
    ...exactly,
    name: 'a discard of no ids discards nothing',
    find: 'ids.length > 0 && ',
    replace: '',
  },
  {
    ...exactly,
    name: 'a discard names ids and nothing else',
    find: 'ids.length > 0 && ids.every(isId)',
    replace: 'ids.length > 0',
  },
  {
    ...actions,
    file: app.file,
    name: 'a worker without a token decides on nothing',
    find: '  if (decisions) {\n',
    replace: "  decisions ??= { actions: {} as ParkedActions, token: 'none' }\n  {\n",
    test: 'are none where the worker has no token',
  },
  {
    ...privacy,
    name: 'keys and texts of errors are not for who comes from elsewhere',
    find: "if (privacy === 'codes')",
    replace: "if (privacy === 'codes' && !key)",
    test: 'tells no keys and no texts of errors to those whom they are not for',
  },
  {
    ...browser,
    file: 'packages/pigeonhole/src/commands/relay.ts',
    name: 'a page that others reach has no keys',
    find: "isLoopback(host) ? 'keys and errors' : 'codes'",
    replace: "isLoopback('localhost') ? 'keys and errors' : 'codes'",
    test: 'shows no keys where others reach it',
  },
  {
    ...lags,
    file: 'packages/kafkajs/src/publisher/log-partition.ts',
    name: 'what ends a transaction is no message that an inbox is behind',
    find: 'if (offset >= start && offset < end && !record.isControlRecord) messages',
    replace: 'if (offset >= start && offset < end) messages',
    test: 'is nothing where only the marker of the last transaction lies before it',
  },
  {
    ...lags,
    file: 'packages/kafkajs/src/publisher/log-partition.ts',
    name: 'what is in the log no more does not hide how far all others are behind',
    find: '  if (refusalOf(error)) return { records: [] }\n',
    replace: '',
    test: 'is in offsets alone where some of them are in the log no more',
  },
  {
    ...lags,
    name: 'a log that ends before an inbox is not the one that it reads',
    find: 'end === undefined || end < nextOffset',
    replace: 'end === undefined',
    test: 'is not known of what the cluster does not have',
  },
  {
    ...lags,
    name: 'a topic that is not there does not hide how far all others are behind',
    find: "filter(({ state }) => state === 'there')",
    replace: "filter(({ state }) => state !== 'hidden')",
    test: 'is not known of what the cluster does not have',
  },
  {
    ...reports,
    name: 'the text of an error that is not ours is not told to other workers',
    find: 'const { code, message } = troubleOf(error)',
    replace: 'const { code } = troubleOf(error)\n    const message = String(error)',
    test: 'tells the texts of no errors but ours',
  },
  {
    ...reports,
    name: 'what the database did not take is told later',
    find: 'this.#untold.set(report.shard, since ? joined(report, since) : report)',
    replace: 'void since',
    test: 'tells later what the database did not take, once',
  },
  {
    ...reports,
    name: 'who stops without a database does not wait for it once more',
    find: 'if (this.#reached) await',
    replace: 'await',
    test: 'holds nobody up who stops without a database',
  },
  {
    ...privacy,
    name: 'texts of errors of other workers are not for who comes from elsewhere',
    find: '...withPrivacy(troubleReported(error), privacy)',
    replace: '...troubleReported(error)',
    test: 'tells no keys and no texts of errors to those whom they are not for',
  },
  {
    spec: 'test/page/inboxes.full.spec.ts',
    file: `${source}/browser/render.ts`,
    name: 'how far an inbox is behind is not guessed where Kafka does not say so',
    find: "at most`) : 'not known'",
    replace: "at most`) : '0'",
    test: 'are behind for as long as nobody knows, and the page says why',
  },
  {
    file: `${source}/trouble.ts`,
    spec: `${source}/last-look.unit.spec.ts`,
    name: 'the text of an error that is not ours stays in the log',
    find: 'code: foreignCode, message: hidden, remedy',
    replace: 'code: foreignCode, message: String(error), remedy',
    test: 'without the text of a foreign one',
  },
  {
    ...browser,
    file: `${source}/browser/elements.ts`,
    name: 'what the page shows is text, never markup',
    find: '  made.textContent = text\n',
    replace: '  made.innerHTML = text\n',
    test: 'lets a hostile key do nothing',
  },
  {
    ...browser,
    file: `${source}/browser/decide.ts`,
    name: 'a payload is hidden until it is asked for',
    find: '  item.append(show)\n',
    replace: '  item.append(show)\n  show.click()\n',
    test: 'shows payloads when told',
  },
]
