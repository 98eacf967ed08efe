// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const spec = 'packages/opentelemetry/src/open-telemetry-tracing.unit.spec.ts'
const processing = { spec, file: 'packages/opentelemetry/src/processing.ts' }
const sending = { spec, file: 'packages/opentelemetry/src/sending.ts' }
const outbox = { spec: 'packages/core/src/outbox/carry-trace.unit.spec.ts' }
const operations = { spec: 'test/traces/operations.int.spec.ts' }
const inbox = { spec: 'packages/core/src/inbox/traced-handling.unit.spec.ts' }

/** What a trace says of a message. @type {readonly GuardEntry[]} */
export const tracingGuards = [
  {
    ...processing,
    name: 'a handler whose transaction is rolled back behind it has failed',
    find: '        for (const { span, endedAt } of calls) failSpan(span, maker.conventions, { error, time: endedAt })\n',
    replace: '',
    test: 'waits for the end of its transaction, whose failure it tells',
  },
  {
    ...processing,
    name: 'a span lasts as long as its handler, not as its transaction',
    find: 'processing.endedAt = performance.now()',
    replace: 'processing.endedAt = undefined',
    test: 'lasts no longer than its handler',
  },
  {
    ...processing,
    name: 'a message that is handled in the course of something else belongs to that',
    find: 'trace.getSpanContext(active) || !creation ?',
    replace: '!creation ?',
    test: 'belongs to what its message is handled in the course of',
  },
  {
    ...processing,
    name: 'a batch continues no message’s trace',
    find: 'parentOf(isBatch ? undefined : first?.creation)',
    replace: 'parentOf(first?.creation)',
    test: 'of a batch is in a trace of its own',
  },
  {
    ...processing,
    name: 'what a handler does is in its span',
    find: 'return context.with(active, run) as',
    replace: 'return run() as',
    test: 'is active while it runs',
  },
  {
    ...sending,
    name: 'creations that nobody has recorded take no link from others',
    find: ' || !(creation.traceFlags & TraceFlags.SAMPLED)',
    replace: '',
    test: 'with a link to each creation that was sampled',
  },
  {
    ...sending,
    name: 'a batch is told of in a trace of its own, also in the midst of what is not',
    find: 'about, ROOT_CONTEXT)',
    replace: 'about, context.active())',
    test: 'is in a trace of its own, with a link to each creation',
  },
  {
    spec,
    file: 'packages/opentelemetry/src/messaging-attributes.ts',
    name: 'keys are named where that is asked for, only',
    find: 'conventions.messageKeys ? keyText(message.key) : undefined',
    replace: 'keyText(message.key)',
    test: 'continues the trace of its creation, and is linked to it',
  },
  {
    spec,
    file: 'packages/opentelemetry/src/span-failure.ts',
    name: 'words that may quote a message are told where that is asked for, only',
    find: 'errorMessages || isOurs(error) ?',
    replace: 'errorMessages || error ?',
    test: 'has no words of a handler',
  },
  {
    spec,
    file: 'packages/opentelemetry/src/span-failure.ts',
    name: 'the reason of a handler that parks is told where that is asked for, only',
    find: " && !isPigeonholeError(error, 'PARK_REQUESTED')",
    replace: '',
    test: 'has no words of a handler',
  },
  {
    ...outbox,
    file: 'packages/core/src/outbox/carry-trace.ts',
    name: 'a message is held to the limit with its trace',
    find: '  assertSize(traced, maxMessageBytes)\n',
    replace: '  assertSize(traced, Number.MAX_SAFE_INTEGER + 0 * maxMessageBytes)\n',
    test: 'is held to the limit with what it carries',
  },
  {
    ...outbox,
    file: 'packages/core/src/outbox/outbox-options.ts',
    name: 'a message carries one trace context',
    find: '  if (!tracing) return carryCurrent(traceparent)\n',
    replace: '  if (tracing || traceparent) return carryCurrent(traceparent)\n',
    test: 'carries one context',
  },
  {
    ...inbox,
    file: 'packages/core/src/inbox/parked-retry.ts',
    name: 'a parked message is told of as well',
    find: 'tracing.process(name, (trace) => attempt(options, place, { ...work, seen, trace })),',
    replace:
      'attempt(options, place, { ...work, seen, trace: (_, handler) => handler() }).then((end) => (tracing ? end : end)),',
    test: 'of a parked message is told of as well',
  },
  {
    file: 'packages/core/src/relay/traced-commit.ts',
    spec: 'packages/core/src/relay/pipeline.unit.spec.ts',
    name: 'a batch that failed is told of',
    find: '    tell(told, passed(), error)\n',
    replace: '',
    test: 'is told of in traces with what it failed for',
  },
  {
    file: 'packages/core/src/relay/relay.ts',
    spec: 'test/traces/worker.e2e.spec.ts',
    name: 'the work of a relay is told of by nobody else, who would put another trace in the place of a message’s own',
    find: 'this.#options.tracing.unobserved(() => this.#shards.run(signals))',
    replace: 'this.#shards.run(signals)',
    test: 'where traces are wanted, and nobody else does',
  },
  {
    file: 'packages/core/src/message/headers.ts',
    spec: 'packages/core/src/inbox/dead-letter.unit.spec.ts',
    name: 'a dead letter has no part of the trace of its message',
    find: '[messageIdHeader, traceparentHeader, tracestateHeader]',
    replace: '[messageIdHeader, traceparentHeader]',
    test: 'is the message byte for byte, with whence and why before its own headers',
  },
  {
    ...operations,
    file: 'packages/opentelemetry/src/running.ts',
    name: 'what an operation does and publishes is in its span',
    find: 'trace.setSpan(context.active(), span), work)',
    replace: 'trace.deleteSpan(context.active()), work)',
    test: 'has what its handler does and publishes as its children',
  },
  {
    ...operations,
    file: 'packages/core/src/idempotency/traced-operation.ts',
    name: 'an operation whose key is not let in has not failed',
    find: 'isRejectionOf(operation, error)',
    replace: "isRejectionOf('', error)",
    test: 'whose key is not let in says why, and has not failed',
  },
  {
    ...operations,
    file: 'packages/core/src/idempotency/key-rejection.ts',
    name: 'an operation that passes on what another one was refused for has failed',
    find: 'error.details.operation === operation',
    replace: "operation !== ''",
    test: 'that passes on what another operation was refused for has failed',
  },
  {
    spec: 'test/traces/http.int.spec.ts',
    file: 'packages/http/src/answer-request.ts',
    name: 'an answer of 5xx is told of by its status',
    find: 'this.code = String(status)',
    replace: 'this.code = String(status).slice(3)',
    test: 'has where its answer is one of 5xx',
  },
]
