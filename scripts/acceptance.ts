/**
 * Tests the gateway on a real AWS account, over HTTP:
 *
 *     npm run acceptance -- gateway.yaml --environment NAME
 *
 * Starts a gateway with the credentials of the configuration file. The names of all secrets begin with the environment's prefix,
 * followed by a prefix for this run. At the end, the secrets are deleted without recovery, even after a failure or Ctrl-C.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { Writable } from 'node:stream'
import { outputsOf } from '#src/command-line/output'
import { loadConfig } from '#src/config/load'
import { countCalls } from '#test/acceptance/calls'
import { startGateway } from '#test/acceptance/gateway'
import { tests, type Api } from '#test/acceptance/tests'

const help = `Usage: npm run acceptance -- FILE --environment NAME [options]

Tests the gateway on the AWS account of an environment in the configuration FILE.

  --environment NAME   the environment
  --yes                begin without asking
  --only TEST          run only this test; repeatable
  --except TEST        leave this test out; repeatable
  --calls N            the maximum number of calls to Secrets Manager during the tests (default 600)
  --clean-up RUN       run no test, but delete the secrets that the run RUN has left behind
  --help               show this help

Tests: ${Object.keys(tests).join(', ')}
`

const { stdout, stderr } = outputsOf(process)

/** AWS's prices in US dollars (https://aws.amazon.com/secrets-manager/pricing/). The price of a secret is per month. */
const prices = { call: 0.05 / 10_000, secret: 0.40 }

/** The number of attempts to delete a secret, and the pause between them in milliseconds. */
const deletion = { attempts: 6, pause: 2_000 }

/** The exit status after SIGINT, as in shells: 128 plus the number of the signal. */
const interrupted = 130

/** The log of the gateway goes to standard error. */
const log = new Writable({
  write (chunk: Buffer, _encoding, done) {
    stderr.text(chunk.toString())
    done()
  }
})

interface Options {
  file: string
  environment: string
  names: string[]
  run: string
  isCleanUp: boolean
  maximumCalls: number
  isAgreed: boolean
}

/** Parses the command line. @throws TypeError if it is invalid */
function optionsFrom (args: string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      environment: { type: 'string' },
      yes: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: Object.keys(tests) },
      except: { type: 'string', multiple: true, default: [] },
      calls: { type: 'string', default: '600' },
      'clean-up': { type: 'string' },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) return undefined
  const [file, ...others] = positionals
  if (file === undefined || others.length > 0 || values.environment === undefined) throw new TypeError('Specify a file and an environment.')
  const unknown = [...values.only, ...values.except].filter((name) => !Object.hasOwn(tests, name))
  if (unknown.length > 0) throw new TypeError(`There is no test ${unknown.join(', ')}.`)
  if (!/^[1-9]\d{0,5}$/.test(values.calls)) throw new TypeError('--calls must be a number from 1 to 999999.')
  if (!/^[0-9a-f]{8}$/.test(values['clean-up'] ?? '00000000')) throw new TypeError('--clean-up must be the 8 hexadecimal digits of a run.')
  return {
    file,
    environment: values.environment,
    names: values.only.filter((name) => !values.except.includes(name)),
    run: values['clean-up'] ?? randomBytes(4).toString('hex'),
    isCleanUp: values['clean-up'] !== undefined,
    maximumCalls: Number(values.calls),
    isAgreed: values.yes
  }
}

/** Asks for confirmation. Returns true if the user agrees. @throws TypeError if standard input is not a terminal */
async function isAgreed (): Promise<boolean> {
  if (!process.stdin.isTTY) throw new TypeError('Confirmation requires a terminal: specify --yes.')
  const terminal = createInterface({ input: process.stdin, output: stdout.echo })
  try {
    return /^y(?:es)?$/i.test(await terminal.question('Begin? [y/N] '))
  } finally {
    terminal.close()
  }
}

/** Deletes secrets without recovery. Returns the names of the secrets that could not be deleted. */
async function deleteAll (api: Api, names: readonly string[]): Promise<string[]> {
  const left: string[] = []
  for (const name of names) if (!await isDeleted(api, name)) left.push(name)
  return left
}

async function isDeleted (api: Api, name: string): Promise<boolean> {
  for (let attempt = 1; attempt <= deletion.attempts; attempt++) {
    try {
      // A secret that is scheduled for deletion is restored first, because it can't be deleted again.
      await api('POST', `/secrets/${name}/restore`)
      await api('DELETE', `/secrets/${name}?force=true`)
      const { status } = await api('GET', `/secrets/${name}/metadata`)
      if (status === 404) return true
    } catch (error) {
      stderr.lines([`The deletion of ${name} failed: ${String(error)}`])
    }
    await delay(deletion.pause)
  }
  return false
}

/** Prints the steps and the cost of the run, and asks for confirmation unless `--yes` is given. */
async function isBegun (place: string, region: string, secrets: number, options: Options): Promise<boolean> {
  const cost = options.maximumCalls * prices.call
  stdout.lines([
    `The tests run in the region ${region}, on secrets whose names in AWS begin with ${place}`,
    `They make at most ${options.maximumCalls} calls to Secrets Manager, for $${cost.toFixed(4)}, and the clean-up makes ${secrets * 3} or more.`,
    `They create at most ${secrets} secrets, for $${prices.secret.toFixed(2)} each and month, and delete them within minutes.`
  ])
  return options.isAgreed || isAgreed()
}

/** Aborts at the first signal. A second signal ends the process at once. */
function abortOnSignals (run: string): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) {
        stderr.lines([`Secrets may be left. To delete them: --clean-up ${run}`])
        process.exit(interrupted)
      }
      stop.abort()
      stderr.lines(['Stopping, and deleting the secrets of this run. Another signal ends the process at once.'])
    })
  }
  return stop.signal
}

/** Runs the tests, and returns the number of failed tests. Adds the secrets of each test to `touched` before it begins. */
async function runTests (names: readonly string[], api: Api, stop: AbortSignal, touched: string[]): Promise<number> {
  let failed = 0
  for (const name of names) {
    const { secrets = [], run: runTest } = tests[name] ?? {}
    if (stop.aborted) break
    touched.push(...secrets)
    try {
      await runTest?.(api)
      stdout.lines([`ok      ${name}`])
    } catch (error) {
      failed++
      stdout.lines([`not ok  ${name}: ${error instanceof Error ? error.message : String(error)}`])
    }
  }
  return failed
}

async function run (options: Options): Promise<number> {
  const { file, environment, names, run: id, isCleanUp, maximumCalls } = options
  const config = loadConfig(file)
  const chosen = config.environments.get(environment)
  if (chosen === undefined) throw new TypeError(`There is no environment ${environment} in ${file}.`)
  const prefix = `acceptance-${id}/`
  const place = chosen.namePrefix + prefix
  const secrets = names.flatMap((name) => tests[name]?.secrets ?? [])
  if (!isCleanUp && !await isBegun(place, chosen.region, secrets.length, options)) return 0

  const calls = countCalls()
  const stop = abortOnSignals(id)
  const { api, close } = await startGateway(config, chosen, prefix, log)
  const limited: Api = async (...request) => {
    if (stop.aborted) throw new Error('stopped by a signal')
    if (calls() >= maximumCalls) throw new Error(`all ${maximumCalls} calls have been made`)
    return api(...request)
  }
  const touched = isCleanUp ? secrets : []
  const failed = isCleanUp ? 0 : await runTests(names, limited, stop, touched)
  const made = calls()
  const left = await deleteAll(api, touched)
  await close()
  stdout.lines([
    `${made} calls to Secrets Manager in the tests, ${calls() - made} in the clean-up`,
    left.length === 0
      ? 'Nothing is left behind.'
      : `Left behind: ${left.map((name) => place + name).join(', ')}. To try again: --clean-up ${id}`
  ])
  if (stop.aborted) return interrupted
  return failed + left.length > 0 ? 1 : 0
}

try {
  const options = optionsFrom(process.argv.slice(2))
  if (options === undefined) stdout.text(help)
  else process.exitCode = await run(options)
} catch (error) {
  stderr.lines([error instanceof Error ? error.message : String(error)])
  process.exitCode = 2
}
