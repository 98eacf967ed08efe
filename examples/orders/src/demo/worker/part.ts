import type { Command, Moment, Part, Report, Subject } from '../protocol.js'

/** This process's side of its talk with the conductor. */
export class Player {
  readonly part: Part
  /** Aborts when nothing new is to be begun. */
  readonly finishing: AbortSignal
  /** Resolves when the process is to stop. */
  readonly stopped: Promise<void>
  readonly #seen = new Map<Moment, number>()
  #goOn: () => void = () => undefined
  #hold: Part['hold']

  constructor(part: Part) {
    this.part = part
    this.#hold = part.hold
    const finishing = new AbortController()
    this.finishing = finishing.signal
    this.stopped = new Promise((resolve) => {
      process.on('message', ({ do: command }: Command) => {
        if (command === 'go on') this.#goOn()
        if (command === 'finish') finishing.abort()
        if (command === 'stop') resolve()
      })
    })
    // Ctrl-C reaches the whole group of processes; the conductor decides. Without a conductor nobody would.
    process.on('SIGINT', () => undefined)
    process.on('disconnect', () => process.exit(1))
  }

  report(report: Report): void {
    process.send?.(report)
  }

  /** Tells that a moment has come. Resolves at once, or, where the process is to stand still, when it may go on. */
  async reach(moment: Moment, subject: Subject = {}): Promise<void> {
    const count = (this.#seen.get(moment) ?? 0) + 1
    this.#seen.set(moment, count)
    this.report({ says: 'moment', moment, subject })
    if (this.#hold?.moment !== moment || this.#hold.count !== count) return
    this.#hold = undefined
    const goOn = new Promise<void>((resolve) => {
      this.#goOn = resolve
    })
    this.report({ says: 'held', moment, subject })
    await goOn
  }
}

/** Takes the part that the conductor has given to this process. */
export function takePart(): Player {
  return new Player(JSON.parse(process.env['DEMO_PART'] ?? '{}') as Part)
}
