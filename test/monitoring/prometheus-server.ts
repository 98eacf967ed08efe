import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

/** One series of an answer. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A rule as it was last evaluated. */
export interface EvaluatedRule {
  readonly name: string
  readonly health: string
  readonly lastError?: string
}

/** An alert that is pending or fires. */
export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly state: string
}

// Ends what it runs when nobody holds its stdin any more: whoever started it has ended it, or is gone.
const endsWithParent = '"$@" & cat >/dev/null; kill -9 $!; wait'

/** A Prometheus of a test's own on the loopback, which scrapes and evaluates every half second. */
export class PrometheusServer implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #url: string

  private constructor(child: ChildProcess, folder: string, url: string) {
    this.#child = child
    this.#folder = folder
    this.#url = url
  }

  /** Starts the `prometheus` that is installed, with a file of rules. */
  static async start(rules: string): Promise<PrometheusServer> {
    const folder = await mkdtemp(path.join(tmpdir(), 'pigeonhole-prometheus-'))
    const config = {
      global: { scrape_interval: '500ms', evaluation_interval: '500ms' },
      rule_files: [rules],
      scrape_configs: [
        { job_name: 'pigeonhole', file_sd_configs: [{ files: ['targets.json'], refresh_interval: '1s' }] },
      ],
    }
    // JSON is YAML, too.
    await writeFile(path.join(folder, 'prometheus.yml'), JSON.stringify(config))
    await writeFile(path.join(folder, 'targets.json'), '[]')
    const args = [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=data',
      '--web.listen-address=127.0.0.1:0',
    ]
    const child = spawn('sh', ['-c', endsWithParent, 'sh', 'prometheus', ...args], {
      cwd: folder,
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    return new PrometheusServer(child, folder, await addressOf(child))
  }

  /** From now on these are scraped, and what is no more among them is gone. */
  async scrape(urls: readonly string[]): Promise<void> {
    const targets = urls.map((url) => new URL(url).host)
    await writeFile(path.join(this.#folder, 'targets.json'), JSON.stringify([{ targets }]))
  }

  /** What an expression has at this moment. */
  async query(expression: string): Promise<Sample[]> {
    interface Vector {
      readonly result: readonly {
        readonly metric: Sample['labels']
        readonly value: readonly [number, string]
      }[]
    }
    const { result } = await this.#ask<Vector>(`query?${new URLSearchParams({ query: expression })}`)
    return result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }))
  }

  async rules(): Promise<EvaluatedRule[]> {
    interface Groups {
      readonly groups: readonly { readonly rules: readonly EvaluatedRule[] }[]
    }
    return (await this.#ask<Groups>('rules')).groups.flatMap(({ rules }) => rules)
  }

  async alerts(): Promise<readonly ActiveAlert[]> {
    return (await this.#ask<{ readonly alerts: readonly ActiveAlert[] }>('alerts')).alerts
  }

  async #ask<T>(what: string): Promise<T> {
    const answer = await fetch(`${this.#url}/api/v1/${what}`)
    const body = (await answer.json()) as {
      readonly status: string
      readonly data: T
      readonly error?: string
    }
    if (body.status !== 'success') throw new Error(`Prometheus answers ${answer.status}: ${body.error}`)
    return body.data
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'close')
    this.#child.stdin?.end()
    await ended
    await rm(this.#folder, { recursive: true })
  }
}

async function addressOf({ stderr }: ChildProcess): Promise<string> {
  if (!stderr) throw new Error('Prometheus has no stderr')
  const said: string[] = []
  for await (const line of createInterface(stderr)) {
    said.push(line)
    const [, address] = /msg="Listening on" address=(\S+)/.exec(line) ?? []
    if (!address) continue
    // Whatever else it says has to go somewhere.
    stderr.resume()
    return `http://${address}`
  }
  throw new Error(`Prometheus has not started:\n${said.join('\n')}`)
}
