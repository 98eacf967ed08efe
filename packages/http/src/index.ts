export { idempotentRoute, keepRawBody, type NodeHandler, type NodeRequest } from './express.js'
export {
  type FastifyHandler,
  type FastifyHeaders,
  type FastifyReplyLike,
  type FastifyRequestLike,
  idempotentFastify,
  keepRawFastifyBody,
} from './fastify.js'
export { type FetchHandler, type FetchIdempotencyOptions, idempotentHandler } from './fetch.js'
export type { HttpIdempotencyOptions } from './http-options.js'
export { type IdempotentFetchOptions, idempotentFetch } from './idempotent-fetch.js'
export type { BodiedRequest } from './raw-body.js'
