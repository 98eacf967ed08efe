// What a service loads by `node --import`: OpenTelemetry's SDK, and its instrumentation of kafkajs, which writes headers of its own. It
// prints each span as a line of the log.
import { register } from 'node:module'
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

/** @param {readonly import('@opentelemetry/sdk-trace-node').ReadableSpan[]} spans */
function print(spans) {
  for (const { name, attributes, links } of spans) {
    const linked = links.map(({ context }) => context.spanId)
    process.stdout.write(`${JSON.stringify({ level: 'span', name, attributes, linked })}\n`)
  }
}

const exporter = {
  /** @type {import('@opentelemetry/sdk-trace-node').SpanExporter['export']} */
  export: (spans, done) => {
    print(spans)
    done({ code: 0 })
  },
  shutdown: async () => undefined,
}
const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] })
provider.register()
process.once('beforeExit', () => provider.shutdown())
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url)
new KafkaJsInstrumentation().enable()
