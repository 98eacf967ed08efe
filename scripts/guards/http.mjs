// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const express = { spec: 'test/idempotency/express.int.spec.ts' }
const fastify = { spec: 'test/idempotency/fastify.int.spec.ts' }
const answers = { ...express, file: 'packages/http/src/answer-request.ts' }

/** What Idempotency-Key is held to over HTTP. @type {readonly GuardEntry[]} */
export const httpGuards = [
  {
    ...answers,
    name: 'a 5xx leaves no trace',
    find: '    if (fresh.status >= 500) throw new Unstored()\n',
    replace: '    void Unstored\n',
    test: 'leaves no trace of a 5xx: the repeat runs',
  },
  {
    ...answers,
    name: 'a 4xx has no effect',
    find: '    return fresh.status >= 400 ? refuse(fresh) : fresh\n',
    replace: '    void refuse\n    return fresh\n',
    test: 'stores what is refused with 4xx, without its effects',
  },
  {
    ...answers,
    name: 'an answer is told by the query, too',
    find: '  return [method, target, body]\n',
    replace: "  return [method, target.split('?')[0] ?? '', body]\n",
    test: 'answers 422 to another query under the same key',
  },
  {
    ...answers,
    name: 'an answer is told by the body',
    find: '  return [method, target, body]\n',
    replace: '  return [method, target, body.subarray(0, 0)]\n',
    test: 'answers 422 to another body under the same key',
  },
  {
    ...answers,
    name: 'a tenant gets its own answers alone',
    find: '    const tenant = await options.tenant(request)\n',
    replace: "    const tenant = (await options.tenant(request)).replace(/.*/, '')\n",
    test: 'never gives one tenant the answer to another one',
  },
  {
    ...express,
    file: 'packages/http/src/http-answer.ts',
    name: 'a cookie is not stored',
    find: 'headers: headers.filter(([name]) => !left.has(name)).map(',
    replace: 'headers: headers.filter(([name]) => !left.has(name) || left.size > 0).map(',
    test: 'gives a cookie once, and never stores it',
  },
  {
    ...express,
    file: 'packages/http/src/captured-response.ts',
    name: 'an attempt that is done again begins with a clean response',
    find: '  async answerOf(handler: () => unknown): Promise<HttpAnswer> {\n    this.#reset()\n',
    replace: '  async answerOf(handler: () => unknown): Promise<HttpAnswer> {\n',
    test: 'leaves nothing of an attempt that is done again after a conflict',
  },
  {
    ...fastify,
    file: 'packages/http/src/fastify.ts',
    name: 'an attempt that is done again begins with a clean reply',
    find: '      reset(reply, before)\n      return answerOf',
    replace: '      return answerOf',
    test: 'leaves nothing of an attempt that is done again after a conflict',
  },
  {
    ...express,
    file: 'packages/http/src/header-list.ts',
    name: 'headers of others are not stored',
    find: 'String(before[name]) === String(value)',
    replace: 'before[name] === null',
    test: 'leaves headers of others alone, and stores none of them',
  },
  {
    ...fastify,
    file: 'packages/http/src/fastify.ts',
    name: 'a reply is not waited for inside its transaction',
    find: "      if (property === 'then') return undefined\n",
    replace: '',
    test: 'answers a repeat with the same status, headers and body, and marks it',
  },
  {
    ...express,
    file: 'packages/http/src/key-header.ts',
    name: 'a structured field and the bare text are the same key',
    find: "  if (!text.startsWith('\"')) return text\n",
    replace: "  if (!text.startsWith('\"') || text.length > 0) return text\n",
    test: 'reads the key as a structured field and bare, which are the same',
  },
  {
    ...express,
    file: 'packages/http/src/problem.ts',
    name: 'a key that runs says when to come again',
    find: 'const retry = retryAfter === undefined ? []',
    replace: 'const retry = retryAfter === undefined || retryAfter > 0 ? []',
    test: 'answers 409 with Retry-After while another request with the key runs',
  },
  {
    ...express,
    file: 'packages/core/src/idempotency/key-scope.ts',
    name: 'a caller whose tenant is not known is not the one that all share',
    find: "  const tenant = 'tenant' in asked ? asked.tenant : ''\n",
    replace: "  const tenant = asked.tenant ?? ''\n",
    test: 'refuses a caller whose tenant is not known',
  },
  {
    ...express,
    file: 'packages/http/src/captured-response.ts',
    name: 'methods that others had exchanged are given back',
    find: '      if (before) Object.defineProperty(this.#response, name, before)\n',
    replace: '      void before\n',
    test: 'leaves headers of others alone, and stores none of them',
  },
]
