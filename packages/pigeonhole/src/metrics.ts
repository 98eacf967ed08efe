export { type MeasureInboxOptions, measureInbox } from './inbox-metrics/measure-inbox.js'
