// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const folder = 'packages/kafkajs/src/silent-brokers'
const passOver = {
  file: `${folder}/pass-over-silent-brokers.ts`,
  spec: 'test/kafkajs/silent-broker.int.spec.ts',
}
const unit = { spec: `${folder}/pass-over-silent-brokers.unit.spec.ts` }
const consumer = { spec: 'test/run-inbox/outage.e2e.spec.ts' }

/** How clients find their cluster while one broker takes connections and answers nothing. @type {readonly GuardEntry[]} */
export const silentBrokerGuards = [
  {
    ...passOver,
    name: 'a broker that takes connections and answers nothing is not asked again and again',
    find: '      throw isTimeout(error) ? noConnection(error) : error\n',
    replace: '      throw error\n',
    test: 'a shard is opened, written to and read by the next one',
  },
  {
    ...passOver,
    file: 'packages/kafkajs/src/publisher/kafkajs-publisher.ts',
    name: 'a relay passes over silent brokers',
    find: '  passOverSilentBrokers(kafka)\n',
    replace: '  void passOverSilentBrokers\n',
    test: 'a shard is opened, written to and read by the next one',
  },
  {
    ...passOver,
    name: 'a broker that is found silent is remembered',
    find: '      noteSilence(error)\n      throw isTimeout(error)',
    replace: '      throw isTimeout(error)',
    test: 'it is not asked by those that come after',
  },
  {
    ...passOver,
    name: 'those that come after begin behind a silent broker',
    find: '    await passOver(this, createSeedBroker)\n',
    replace: '    void passOver\n',
    test: 'it is not asked by those that come after',
  },
  {
    ...passOver,
    name: 'a broker that was silent is asked where no other can be connected to',
    find: '      if (isNoConnection(error)) forgetSilence()\n',
    replace: '      void isNoConnection\n      void forgetSilence\n',
    test: 'it is asked again where no other can be connected to',
  },
  {
    ...passOver,
    ...unit,
    name: 'where all brokers are silent one of them is taken',
    find: '    if (passed.has(addressOf(seed))) return\n',
    replace: '',
    test: 'takes them in their order where none has answered',
  },
  {
    ...passOver,
    ...unit,
    name: 'any broker that comes a second time ends the search',
    find: 'passed.has(addressOf(seed))',
    replace: 'passed.size > 0 && addressOf(seed) === [...passed][0]',
    test: 'takes one of them also where those that were named first are named no more',
  },
  {
    ...passOver,
    ...unit,
    name: 'a connection that is there is kept',
    find: ' && !this.hasConnectedBrokers())',
    replace: ')',
    test: 'lets those that are connected be',
  },
  {
    ...unit,
    file: `${folder}/silent-brokers.ts`,
    name: 'only a missing answer is silence',
    find: '  if (!isTimeout(error)) return\n',
    replace: '',
    test: 'takes nothing but a missing answer for silence',
  },
  {
    ...unit,
    file: `${folder}/silent-brokers.ts`,
    name: 'a silent broker is asked again after a minute',
    find: '  return performance.now() < (silent.get(address) ?? 0)\n',
    replace: '  return silent.has(address)\n',
    test: 'asks one that has not answered again after a minute',
  },
  {
    ...consumer,
    file: 'packages/kafkajs/src/run-inbox/consumer-run.ts',
    name: 'a consumer starts by a broker that answers',
    find: '    passOverSilentBrokers(this.#consumer)\n',
    replace: '    void passOverSilentBrokers\n',
    test: 'starts by another broker than one that takes connections and answers nothing',
  },
  {
    ...passOver,
    ...consumer,
    name: 'a consumer that starts again gives up the silent broker that it has started by',
    find: '      await this.createSeedBroker()\n',
    replace: '      void this.createSeedBroker\n',
    test: 'starts again by another broker than the one that it has started by, which answers nothing',
  },
  {
    ...passOver,
    ...consumer,
    name: 'a broker that does not answer for the metadata is remembered',
    find: '      noteSilence(error)\n      throw error\n',
    replace: '      throw error\n',
    test: 'starts again by another broker than the one that it has started by, which answers nothing',
  },
  {
    file: 'packages/kafkajs/src/run-inbox/restart-after-silence.ts',
    spec: 'packages/kafkajs/src/run-inbox/restart-after-silence.unit.spec.ts',
    name: 'a broker that has not answered a fetch or heartbeat is not asked for the cluster',
    find: '  noteSilence(cause)\n',
    replace: '  void noteSilence\n',
    test: 'notes who has not answered, so that the next start asks another one',
  },
]
