import { describe, expect, it } from 'vitest'
import { ManualClock, settle } from '../ports/manual-clock.fake.js'
import type { Measures, MonitorStore, XidHolder } from '../ports/monitor-store.js'
import { createMonitor, type Monitor } from './monitor.js'

function session(over: Partial<XidHolder> = {}): XidHolder {
  return {
    kind: 'session',
    pid: 7,
    name: 'report',
    state: 'idle in transaction',
    xid: '100',
    xids: 5,
    startedAt: '2026-01-01T00:00:00.000Z',
    queryStartedAt: '2026-01-01T00:00:01.000Z',
    ageSeconds: 1,
    ...over,
  }
}

const slot = session({
  kind: 'slot',
  name: 'standby',
  startedAt: null,
  queryStartedAt: null,
  ageSeconds: null,
})

const nothingParked = { messages: 0, atLeast: false, pausedTopics: 0 }

class Scene {
  readonly clock: ManualClock = new ManualClock()
  readonly told: unknown[][] = []
  readonly monitor: Monitor
  holder: XidHolder | null = null
  looks = 0
  /** What the next look does instead of answering. */
  instead: Promise<Measures> | undefined

  constructor() {
    const { clock } = this
    this.monitor = createMonitor({ store: this.#store(), clock, measureMs: 1_000, longTransactionMs: 5_000 })
    this.monitor.on('outbox:measured', () => this.told.push(['measured']))
    this.monitor.on('outbox:unmeasured', ({ error }) => this.told.push(['unmeasured', error]))
    this.monitor.on('xid:held', ({ name, xid }) => this.told.push(['held', name, xid]))
    this.monitor.on('xid:released', ({ name, xid }) => this.told.push(['released', name, xid]))
  }

  /** What is told of holders when this is the one that is found. */
  async see(holder: XidHolder | null): Promise<unknown[][]> {
    this.told.length = 0
    this.holder = holder
    await this.clock.advance(1_000)
    return this.told.filter(([what]) => what !== 'measured')
  }

  #store(): MonitorStore {
    return {
      readMeasures: () => {
        this.looks += 1
        return (
          this.instead ??
          Promise.resolve({ shards: [], parking: nothingParked, tables: [], xidHolder: this.holder })
        )
      },
      readXidHolder: async () => this.holder,
    }
  }
}

describe('a monitor', () => {
  it('looks at once, and again after each pause, until it is stopped', async () => {
    const { monitor, clock, told } = new Scene()
    await monitor.start()
    await monitor.start()
    await settle()
    expect(told).toEqual([['measured']])
    await clock.advance(2_000)
    expect(told).toHaveLength(3)
    await monitor.stop()
    await clock.advance(10_000)
    expect(told).toHaveLength(3)
    await expect(monitor.stopped).resolves.toBeUndefined()
  })

  it('tells that the database has not answered, and asks it again', async () => {
    const scene = new Scene()
    const error = new Error('gone')
    scene.instead = Promise.reject(error)
    await scene.monitor.start()
    await settle()
    expect(scene.told).toEqual([['unmeasured', error]])
    scene.instead = undefined
    await scene.clock.advance(1_000)
    expect(scene.told.at(-1)).toEqual(['measured'])
    await scene.monitor.stop()
  })

  it('does not wait for a look that hangs when it is stopped, and tells nothing of it', async () => {
    const scene = new Scene()
    let answer: (measures: Measures) => void = () => undefined
    scene.instead = new Promise((resolve) => {
      answer = resolve
    })
    await scene.monitor.start()
    await scene.monitor.stop()
    answer({ shards: [], parking: nothingParked, tables: [], xidHolder: session() })
    await settle()
    expect(scene.told).toEqual([])
  })

  it('tells of a holder once it has been one for long, and when it is no longer', async () => {
    const scene = new Scene()
    await scene.monitor.start()
    await settle()
    expect(await scene.see(session({ ageSeconds: 4 }))).toEqual([])
    expect(await scene.see(session({ ageSeconds: 5 }))).toEqual([['held', 'report', '100']])
    expect(await scene.see(session({ ageSeconds: 6 }))).toEqual([])
    expect(await scene.see(null)).toEqual([['released', 'report', '100']])
    await scene.monitor.stop()
  })

  it('tells of a holder that has taken the place of another one', async () => {
    const scene = new Scene()
    await scene.monitor.start()
    await scene.see(session({ ageSeconds: 9 }))
    expect(await scene.see(session({ name: 'other', pid: 8, ageSeconds: 8 }))).toEqual([
      ['released', 'report', '100'],
      ['held', 'other', '100'],
    ])
    await scene.monitor.stop()
  })

  it('knows the age of a slot by how long it has kept the same id', async () => {
    const scene = new Scene()
    await scene.monitor.start()
    for (const xid of ['1', '2', '3', '4', '5', '6', '7'])
      expect(await scene.see({ ...slot, xid })).toEqual([])
    for (let i = 0; i < 4; i++) expect(await scene.see({ ...slot, xid: '7' })).toEqual([])
    expect(await scene.see({ ...slot, xid: '7' })).toEqual([['held', 'standby', '7']])
    await scene.monitor.stop()
  })

  it.each([
    ['measureMs', { measureMs: 0 }],
    ['longTransactionMs', { longTransactionMs: -1 }],
    ['measuresMs', { measuresMs: 1 }],
  ])('refuses %s', (option, options) => {
    const store = {} as MonitorStore
    expect(() => createMonitor({ store, ...options })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: expect.objectContaining({ option }) }),
    )
  })
})
