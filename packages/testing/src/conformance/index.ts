export { type RelayPublisherSubject, testRelayPublisher } from './relay-publisher.js'
