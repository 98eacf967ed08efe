/** Bounds of a stop. */
export interface StopOptions {
  /** When it aborts, what is still draining is given up: at once, and without loss. */
  readonly signal?: AbortSignal
}

/** Something that runs until it is stopped. Starting or stopping it twice is harmless. */
export interface Service {
  /** Resolves when it runs. Concurrent callers share one start. */
  start(): Promise<void>
  /** Drains, then ends. Concurrent callers share one stop. */
  stop(options?: StopOptions): Promise<void>
  /** Resolves once it has ended. */
  readonly stopped: Promise<void>
  /** As {@link stop}. */
  [Symbol.asyncDispose](): Promise<void>
}
