import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { stringify } from 'yaml'
import { freePort } from './free-port.ts'
import { until } from './until.ts'

/**
 * The path of Prometheus, which the environment variable `PROMETHEUS` can name; promtool is beside it. If it is missing, the tests
 * fail if the variable is set, and are skipped otherwise.
 */
const program = process.env.PROMETHEUS ?? '/usr/bin/prometheus'
const isMissing = process.env.PROMETHEUS === undefined && !existsSync(program)

/** The option `skip` of the tests that need Prometheus. */
export const skip = isMissing ? 'prometheus is not installed; PROMETHEUS can specify its path' : false

/** Runs promtool in a folder. Rejects if it finds a mistake. */
export const promtool = async (folder: string, ...args: readonly string[]): Promise<{ stdout: string, stderr: string }> =>
  promisify(execFile)(join(dirname(program), 'promtool'), args, { cwd: folder })

/** A series of the result of a query. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

/** A rule, in Prometheus's format. */
export interface Rule {
  readonly name: string
  readonly health: string
  readonly lastError?: string
}

export interface TestPrometheus {
  /** Evaluates a query. Rejects if Prometheus does not understand it. */
  readonly query: (expression: string) => Promise<Series[]>
  readonly rules: () => Promise<Rule[]>
}

/**
 * Starts a Prometheus that scrapes an address each second, until the test ends.
 *
 * @param target the host and port of the metrics
 * @param rules the path of a file of rules
 */
export async function startPrometheus (t: Test, target: string, rules: string): Promise<TestPrometheus> {
  const folder = t.testdir({
    'prometheus.yaml': stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: [{ job_name: 'secrets-gateway', static_configs: [{ targets: [target] }] }]
    })
  })
  const port = await freePort()
  const child = spawn(program, [
    `--config.file=${folder}/prometheus.yaml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`
  ], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => { log += chunk })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })

  async function get<Data> (path: string): Promise<Data> {
    const reply = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)
    const { status, error, data } = await reply.json() as { status: string, error?: string, data: Data }
    if (status !== 'success') throw new Error(error)
    return data
  }

  await until(async () => {
    if (child.exitCode !== null) throw new Error(`Prometheus has ended: ${log}`)
    return fetch(`http://127.0.0.1:${port}/-/ready`).then(({ ok }) => ok, () => false)
  }, 100)
  return {
    query: async (expression) => (await get<{ result: Series[] }>(`query?query=${encodeURIComponent(expression)}`)).result,
    rules: async () => (await get<{ groups: { rules: Rule[] }[] }>('rules')).groups.flatMap((group) => group.rules)
  }
}
