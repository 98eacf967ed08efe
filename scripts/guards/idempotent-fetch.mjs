// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const folder = 'packages/http/src/idempotent-fetch'
const spec = `${folder}/idempotent-fetch.unit.spec.ts`
const client = { spec, file: `${folder}/idempotent-fetch.ts` }
const attempts = { spec, file: `${folder}/attempt.ts` }
const keys = { spec, file: `${folder}/operation-key.ts` }
const requests = { spec, file: `${folder}/repeatable-request.ts` }
const pauses = { spec: `${folder}/retry-after.unit.spec.ts`, file: `${folder}/retry-after.ts` }

/** What a caller that repeats a request under one key is held to. @type {readonly GuardEntry[]} */
export const idempotentFetchGuards = [
  {
    ...client,
    name: 'a 409 without Retry-After is an outcome',
    find: '(response.status === 409 && askedMs !== undefined)',
    replace: 'response.status === 409',
    test: 'is sent once where it is answered with 409',
  },
  {
    ...client,
    name: 'an attempt that still runs is waited for',
    find: ' || (response.status === 409 && askedMs !== undefined)',
    replace: '',
    test: 'is repeated where no answer came, and where the first attempt still runs',
  },
  {
    ...client,
    name: 'an answer that was stored is the outcome',
    find: "  if (response.headers.get(replayedHeader) === 'true') return undefined\n",
    replace: '  void replayedHeader\n',
    test: 'is not repeated after 503 that was stored: it is the outcome',
  },
  {
    ...client,
    name: 'a request that fetch refuses is not repeated',
    find: '  void new Request(url, { ...request, signal: null })\n',
    replace: '',
    test: 'that fetch would not send is not taken for one that got no answer',
  },
  {
    ...client,
    name: 'a server that asks for too long a pause is not waited for',
    find: ' || (askedMs ?? 0) > maxRetryAfterMs)',
    replace: ' || maxRetryAfterMs < 0)',
    test: 'is at once where the server asks for too long a pause',
  },
  {
    ...client,
    name: 'a key is held against its end before each attempt',
    find: '  for (let count = 1; ; count++) {\n    assertRemembered(kept, resolved.keyLifeMs, Date.now())\n',
    replace: '  assertRemembered(kept, resolved.keyLifeMs, Date.now())\n  for (let count = 1; ; count++) {\n',
    test: 'becomes too old between two attempts as well',
  },
  {
    ...keys,
    name: 'a key that its server may have forgotten is not sent',
    find: '  if (ageMs <= keyLifeMs) return\n',
    replace: '  if (ageMs <= keyLifeMs || ageMs > 0) return\n',
    test: 'is not sent where the server may have forgotten it',
  },
  {
    ...keys,
    name: 'a key that was to be there and is not is none',
    find: "  if (!('key' in asked)) return fresh\n",
    replace: '  if (asked.key === undefined) return fresh\n',
    test: 'is not sent under a key that is none',
  },
  {
    ...keys,
    spec: 'test/idempotency/caller.e2e.spec.ts',
    name: 'a key that is kept is the one that is sent',
    find: '  return { key: assertKey(kept.key), madeAt: kept.madeAt }\n',
    replace: '  return { key: fresh.key, madeAt: assertKey(kept.key) ? kept.madeAt : 0 }\n',
    test: 'behind its answer gets that answer again',
  },
  {
    file: `${folder}/idempotent-fetch-options.ts`,
    spec,
    name: 'all attempts fit into the life of a key',
    find: '  if (longestMs <= keyLifeMs) return\n',
    replace: '  if (longestMs <= keyLifeMs || longestMs > 0) return\n',
    test: 'has to live for all attempts of a call',
  },
  {
    ...requests,
    name: 'a key in the headers is not overwritten unseen',
    find: '  if (headers.has(keyHeader)) throw keyInHeaders()\n',
    replace: '  void keyInHeaders\n',
    test: 'is not sent under a key that is none',
  },
  {
    ...requests,
    name: 'a body that can be sent once is refused',
    find: '  if (!isStream) return body\n',
    replace: '  if (!isStream || isStream) return body\n',
    test: 'is before the first attempt where the body could be sent once only',
  },
  {
    ...requests,
    name: 'a form is the same to the byte',
    find: '  if (body instanceof FormData) return await new Response(body).blob()\n',
    replace: '',
    test: 'is the same to the byte where it is a form',
  },
  {
    ...attempts,
    name: 'an attempt that is over leaves nothing on the signal of its caller',
    find: "    this.#caller?.removeEventListener('abort', this.#follow)\n",
    replace: '',
    test: 'has nothing left on it of attempts that came to nothing',
  },
  {
    ...client,
    name: 'an answer that came in part is none',
    find: '    await readWhole(response)\n',
    replace: '    void readWhole\n',
    test: 'whose answer comes in part only is repeated',
  },
  {
    ...keys,
    name: 'a key of a time to come is refused',
    find: '  return Number.isFinite(madeAt) && madeAt <= now + apartMs\n',
    replace: '  return Number.isFinite(madeAt) && now + apartMs > 0\n',
    test: 'that was made in a time to come is refused',
  },
  {
    ...pauses,
    name: 'a date is one of the clock of the server',
    find: "(readDate(headers.get('date') ?? '') ?? now)",
    replace: 'now',
    test: 'counts a date from the server’s own clock, where the answer tells it',
  },
  {
    ...pauses,
    name: 'what is no date is not read as one',
    find: '  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(text)) return undefined\n',
    replace: '',
    test: 'reads nothing in "2026-11-27"',
  },
]
