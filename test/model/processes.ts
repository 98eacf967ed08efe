import type { Relay } from '@pigeonhole/core'
import type { ModelServer } from './model-server.js'

/** A process of which no call is let through while it is paused. */
export class ModelProcess {
  readonly server: ModelServer
  #isPaused = false

  constructor(server: ModelServer) {
    this.server = server
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** SIGSTOP. */
  pause(): void {
    this.#isPaused = true
  }

  /** SIGCONT. */
  resume(): void {
    this.#isPaused = false
  }
}

/** A relay's process. */
export class RelayProcess extends ModelProcess {
  readonly relay: Relay

  constructor(server: ModelServer, create: (process: RelayProcess) => Relay) {
    super(server)
    this.relay = create(this)
  }
}

/** An operator's command, in a process of its own. */
export class Operation extends ModelProcess {
  /** Undefined while it runs; how it ended. */
  outcome: string | undefined
}
