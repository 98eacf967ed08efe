/** A server process as its warden starts it. */
export interface ProcessSpec {
  /** Unique in its warden among the processes that run. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** Added to the warden's environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly uid?: number
  readonly gid?: number
  /** The file that its output is appended to. */
  readonly logFile: string
  /** The signal that ends it when the warden ends. SIGKILL after {@link graceMs}. */
  readonly endSignal: NodeJS.Signals
  readonly graceMs: number
}

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What a warden can be asked to do. */
export type WardenCommand =
  /** Starts a process; answered when it runs. */
  | { readonly do: 'spawn'; readonly spec: ProcessSpec }
  /** Starts a process; answered with its exit. */
  | { readonly do: 'run'; readonly spec: ProcessSpec }
  /** To a process and its children; answered when it is sent. */
  | { readonly do: 'signal'; readonly name: string; readonly signal: NodeJS.Signals }
  /** Asks a process to end, kills it after the grace; answered when it and its children are gone. */
  | { readonly do: 'end'; readonly name: string; readonly signal: NodeJS.Signals; readonly graceMs: number }
  /** Kills a process and its children; answered when they are gone. */
  | { readonly do: 'kill'; readonly name: string }
  /** Ends everything, removes the directory, and ends the warden. */
  | { readonly do: 'close' }

/** A command, numbered so that its answer finds it. */
export interface WardenRequest {
  readonly id: number
  readonly command: WardenCommand
}

/** What a warden says: its directory once, then answers and exits. */
export type WardenMessage =
  | { readonly says: 'ready'; readonly directory: string }
  | { readonly says: 'answer'; readonly id: number; readonly exit?: ProcessExit; readonly error?: string }
  | { readonly says: 'exited'; readonly name: string; readonly exit: ProcessExit }
