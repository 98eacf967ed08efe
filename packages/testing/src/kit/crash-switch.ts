/** Where a consumer dies: when its handler is done and nothing is committed, or when everything is but Kafka's offset. */
export type CrashPoint = 'before commit' | 'after commit'

/** Has a process die at a point: whatever waits for it there waits for ever, as behind `kill -9`. */
export class CrashSwitch {
  #armed: { readonly point: CrashPoint; readonly died: () => void } | undefined

  /** Resolves when the point is reached. */
  arm(point: CrashPoint): Promise<void> {
    return new Promise((died) => {
      this.#armed = { point, died }
    })
  }

  disarm(): void {
    this.#armed = undefined
  }

  /** Whether this is where the process dies. */
  strikes(point: CrashPoint): boolean {
    return this.#armed?.point === point
  }

  die(): Promise<never> {
    this.#armed?.died()
    this.#armed = undefined
    return new Promise(() => undefined)
  }
}
