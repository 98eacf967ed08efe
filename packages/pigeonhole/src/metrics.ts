export {
  type MeasureIdempotencyOptions,
  measureIdempotency,
} from './idempotency-metrics/measure-idempotency.js'
export { type MeasureInboxOptions, measureInbox } from './inbox-metrics/measure-inbox.js'
export { type MeasuredRun, measureInboxRun } from './inbox-metrics/measure-inbox-run.js'
