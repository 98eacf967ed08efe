export type { FastifyHeaders, FastifyReplyLike } from './captured-reply.js'
export { idempotentRoute, keepRawBody, type NodeHandler, type NodeRequest } from './express.js'
export {
  type FastifyHandler,
  type FastifyRequestLike,
  idempotentFastify,
  keepRawFastifyBody,
} from './fastify.js'
export { type FetchHandler, type FetchIdempotencyOptions, idempotentHandler } from './fetch.js'
export type { HttpIdempotencyOptions } from './http-options.js'
export { idempotentFetch } from './idempotent-fetch/idempotent-fetch.js'
export type { IdempotentFetchOptions } from './idempotent-fetch/idempotent-fetch-options.js'
export type { KeptKey, KeyStore, StoredOperation } from './idempotent-fetch/operation-key.js'
export type { BodiedRequest } from './raw-body.js'
export { sameJson } from './same-json.js'
