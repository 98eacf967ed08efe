import { styleText } from 'node:util'

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow'

/** Writes what happens to the terminal; without colours where it is piped. */
export class Narrator {
  readonly #colours: boolean
  #began = performance.now()

  constructor(colours: boolean = process.stdout.isTTY === true && !process.env['NO_COLOR']) {
    this.#colours = colours
  }

  /** A new part of the demo; its times start at zero. */
  begin(title: string): void {
    this.#began = performance.now()
    this.say(`\n${this.paint('bold', title)}`)
  }

  /** Something that happens now. */
  event(what: string, whom: string, details: string): void {
    const at = `${((performance.now() - this.#began) / 1000).toFixed(1)} s`
    const style: Style = what === 'kill -9' ? 'red' : what === 'pause' ? 'yellow' : 'dim'
    this.say(`${at.padStart(7)}  ${this.paint(style, what.padEnd(7))}  ${whom}${details && `  ${details}`}`)
  }

  say(line: string): void {
    process.stdout.write(`${line}\n`)
  }

  paint(style: Style, text: string): string {
    return this.#colours ? styleText(style, text) : text
  }
}
