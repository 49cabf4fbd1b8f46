import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { build, type Gateway } from '#test/helper'
import { hangingKeyring, nothingButWaiting } from '#test/keyrings'
import { noTerminal, secretsctlProgram, secretsctlTerminal } from '#test/secretsctl'
import { until } from '#test/until'
import { assertNoLeak, fast, inParallel, newUser, rows, storeLogin, type Run } from './command-rows.ts'

const controlC = '\u0003'

/** A gateway that accepts every request, and only begins its reply, if at all. */
interface SilentGateway {
  url: string
  /** Resolves when a request has arrived. */
  asked: Promise<unknown>
}

async function silentGateway (t: Test, beginning?: string): Promise<SilentGateway> {
  const asked = Promise.withResolvers<undefined>()
  const server = createServer((_, response) => {
    if (beginning !== undefined) response.writeHead(200, { 'content-type': 'application/x-ndjson', 'x-request-id': 'r' }).write(beginning)
    asked.resolve(undefined)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: asked.promise }
}

/** A file whose content never arrives: a named pipe. `read` resolves when a program reads it. */
async function silentFile (t: Test, path: string): Promise<{ path: string, read: Promise<unknown> }> {
  spawnSync('mkfifo', [path])
  // The shell opens the pipe only when somebody reads it.
  const writer = spawn('sh', ['-c', 'exec 3> "$0"; echo; read -r _', path])
  t.teardown(() => writer.kill())
  await once(writer, 'spawn')
  return { path, read: once(writer.stdout, 'data') }
}

/** A command to interrupt. */
interface Interruption {
  run: Run
  /** The gateway to which the command sends its requests. */
  gateway: { url: string }
  /** Resolves when the command waits. A command that asks a question gets its Ctrl-C as the answer. */
  waiting?: Promise<unknown>
}

const nameOf = (command: string, isTerminal: boolean): string => `${command.replaceAll(' ', '-')}-${isTerminal ? 'terminal' : 'pipe'}`

/** Prepares the commands, and returns each while it waits: for a gateway, or for the project file if it asks no gateway. */
async function interruptions (t: Test, gateway: Gateway, folder: string, isTerminal: boolean): Promise<Interruption[]> {
  const found: Interruption[] = []
  for (const [command, { prepare, succeeds, cancelled, waits = succeeds, isOffline = false, isServer = false }] of Object.entries(rows)) {
    const name = nameOf(command, isTerminal)
    await prepare?.({ gateway, folder, isTerminal, name })
    if (isTerminal && cancelled !== undefined) found.push({ run: cancelled({ gateway, folder, isTerminal, name }), gateway })
    const silent = await silentGateway(t)
    const run = isServer ? undefined : waits({ gateway: silent, folder, isTerminal, name })
    if (run !== undefined && isOffline) {
      const { path, read } = await silentFile(t, join(folder, `${name}.yaml`))
      found.push({ run: { ...run, env: { ...run.env, SECRETS_GATEWAY_PROJECT_FILE: path }, output: /(?:)/ }, gateway: silent, waiting: read })
    } else if (run !== undefined) found.push({ run: { ...run, output: /(?:)/ }, gateway: silent, waiting: silent.asked })
  }
  return found
}

/** Returns the commands that never wait: those without an interruption while they wait. */
const nothingToWaitFor = (found: readonly Interruption[]): string[] => {
  const waiting = found.filter((each) => each.waiting !== undefined).map(({ run }) => run.args.join(' '))
  return Object.keys(rows).filter((command) => !waiting.some((line) => line.startsWith(command)))
}

/** The files in a folder and below it. */
const filesIn = (folder: string): string[] => readdirSync(folder, { recursive: true }).map(String).toSorted()

/** The processes that have a variable with this value. */
const processesWith = (value: string): string[] => readdirSync('/proc').filter((id) => {
  try {
    return /^\d+$/.test(id) && readFileSync(`/proc/${id}/environ`, 'utf8').includes(value)
  } catch {
    return false
  }
})

/** The only folder in which commands may leave files. `mark` is in an environment variable of all their processes. */
interface Place {
  folder: string
  env: NodeJS.ProcessEnv
  mark: string
}

function newPlace (t: Test): Place {
  const folder = t.testdir({ home: {}, temporary: {}, work: {} })
  const mark = randomUUID()
  return { folder, mark, env: { HOME: join(folder, 'home'), TMPDIR: join(folder, 'temporary'), MARK: mark } }
}

/** Asserts that the interrupted commands have left no files and no processes behind. */
async function assertNothingLeft (t: Test, { folder, mark }: Place, before: readonly string[]): Promise<void> {
  t.same(filesIn(folder), before, 'no file is left')
  await until(() => processesWith(mark).length === 0)
}

/** Presses Ctrl-C at a command that runs at a terminal, and asserts that the terminal is as it was before. */
async function interruptAtTerminal (t: Test, { run, gateway, waiting }: Interruption, { folder, env }: Place): Promise<void> {
  const { args, answers = [], status: expected = 130 } = run
  const title = args.join(' ')
  const { status, output, screen } = await secretsctlTerminal(gateway, args, [...answers, ...waiting === undefined ? [] : [{ when: waiting, type: controlC }]], {
    ...fast, env: { ...env, ...run.env }, folder: join(folder, 'work'), afterwards: 'echo; echo "<modes>"; stty -a'
  })
  const [before = '', modes = ''] = output.split('\r\n<modes>\r\n')
  t.equal(status, expected, title)
  t.match(screen, run.output, title)
  for (const mode of ['echo', 'icanon', 'isig', 'opost', 'onlcr']) t.match(modes, new RegExp(`(?:^|\\s)${mode}(?:\\s|;)`), `${title}: the terminal has ${mode}`)
  t.notOk(before.lastIndexOf('\u001b[?25l') > before.lastIndexOf('\u001b[?25h'), `${title}: the cursor is shown`)
  // After the last line break, there is only the terminal's own echo of Ctrl-C, if any.
  t.match(before.slice(before.lastIndexOf('\n') + 1), /^(?:\^C)?\r?$/, `${title}: no line is half drawn`)
  assertNoLeak(t, before, { args })
}

t.test('Ctrl-C at a terminal', { skip: noTerminal }, async (t) => {
  const place = newPlace(t)
  const found = await interruptions(t, await build(t), place.folder, true)
  t.same(nothingToWaitFor(found), ['local'], 'a server runs until then anyway')
  const before = filesIn(place.folder)
  await inParallel(found, async (interruption) => interruptAtTerminal(t, interruption, place))
  await assertNothingLeft(t, place, before)
})

t.test('Ctrl-C at a progress bar ends its line', { skip: noTerminal }, async (t) => {
  const place = newPlace(t)
  const file = join(place.folder, 'secrets.yaml')
  writeFileSync(file, 'secretNames: [a, b]')
  const gateway = await silentGateway(t, '{"done":1}\n')
  const run = { args: ['apply', '-f', file, '--env', 'dev'], answers: [{ after: '1 of 2', type: controlC }], output: /^\[#{10}\.{10}\] 1 of 2(?:\^C)?\n/ }
  await interruptAtTerminal(t, { run, gateway }, place)
})

t.test('SIGINT and SIGTERM in a pipe', async (t) => {
  const place = newPlace(t)
  const { folder, env } = place
  const found = await interruptions(t, await build(t), folder, false)
  t.same(nothingToWaitFor(found), ['edit', 'local'], 'edit needs a terminal')
  // A login that is being renewed, which locks the profiles.
  const silent = await silentGateway(t)
  const renewal = { gateway: silent, folder, isTerminal: false, name: 'renewal' }
  storeLogin(renewal)
  found.push({ run: { args: ['envs'], env: newUser(renewal), output: /(?:)/ }, gateway: silent, waiting: silent.asked })
  // A keyring that waits for its password.
  const keyring = hangingKeyring(folder)
  const locked = { ...renewal, name: 'locked' }
  storeLogin(locked, { kind: 'token', keyringEntry: `${silent.url} 1` })
  const waiting = until(() => readFileSync(keyring.asked, 'utf8') === '.')
  found.unshift({ run: { args: ['envs'], env: { ...newUser(locked), ...keyring.env }, output: /(?:)/ }, gateway: silent, waiting })
  const before = filesIn(folder)
  await inParallel(Array.from(found.entries()), async ([index, { run, gateway, waiting = Promise.resolve() }]) => {
    const { args, stdin = '' } = run
    const [signal, status] = index % 2 === 0 ? ['SIGINT', 130] as const : ['SIGTERM', 143] as const
    const outcome = await secretsctlProgram(gateway, args, {
      ...fast, stdin, env: { ...env, ...run.env }, folder: join(folder, 'work'), steps: [{ when: waiting, act: (child) => child.kill(signal) }]
    })
    t.match(outcome, { status, stdout: '', stderr: nothingButWaiting }, `${args.join(' ')}: ${signal}`)
  })
  await assertNothingLeft(t, place, before)
})

t.test('an error that nobody reads', async (t) => {
  t.equal((await secretsctlProgram({ url: '' }, ['profiles', 'x'], { ...fast, closed: ['stdout', 'stderr'] })).status, 2)
})
