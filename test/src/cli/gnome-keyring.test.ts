import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { KeyringFailure, NoKeyring, type Keyring } from '#src/cli/keyring/keyring'
import { osKeyring } from '#src/cli/keyring/os-keyring'
import { outputsOf } from '#src/command-line/output'
import { build, tokens } from '#test/helper'
import { nothingButWaiting } from '#test/keyrings'
import { secretsctlProgram, type Outcome } from '#test/secretsctl'
import { until } from '#test/until'

/**
 * The path of gnome-keyring-daemon, which the environment variable `KEYRING` can name. If the program is missing, the tests fail
 * if the variable is set, and are skipped otherwise.
 */
const program = process.env.KEYRING ?? '/usr/bin/gnome-keyring-daemon'
const skip = process.env.KEYRING === undefined && !existsSync(program) ? 'gnome-keyring is not installed; KEYRING can specify its path' : false

/** A session bus that starts no programs, so that the tests decide which keyring there is. */
const busConfiguration = `
  <busconfig>
    <type>session</type>
    <listen>unix:tmpdir=/tmp</listen>
    <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
  </busconfig>`

/** A user's session, as a desktop has it. */
interface Desktop {
  /** The folder with all files of the user. */
  folder: string
  /** The variables of the user's programs. */
  env: NodeJS.ProcessEnv
  keyring: Keyring
  /** The same keyring, with a time limit of one second. */
  withShortTimeout: Keyring
  /** Starts the keyring's daemon, and unlocks it if there is a password. */
  startDaemon: (password?: string) => Promise<ChildProcess>
}

async function newDesktop (t: Test): Promise<Desktop> {
  // The path of a socket has at most 107 characters, so the fixtures of the test are too deep.
  const folder = mkdtempSync(join(tmpdir(), 'desktop-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const made = (name: string): string => {
    mkdirSync(join(folder, name), { mode: 0o700 })
    return join(folder, name)
  }
  writeFileSync(join(folder, 'bus.conf'), busConfiguration)
  const bus = spawn('dbus-daemon', [`--config-file=${join(folder, 'bus.conf')}`, '--nofork', '--print-address'], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => bus.kill())
  const [address] = await once(bus.stdout.setEncoding('utf8'), 'data') as [string]
  const env = {
    ...process.env, HOME: made('home'), XDG_DATA_HOME: made('data'), XDG_CONFIG_HOME: made('config'), XDG_RUNTIME_DIR: made('runtime'), DBUS_SESSION_BUS_ADDRESS: address.trim(),
    NAPI_RS_NATIVE_LIBRARY_PATH: undefined
  }
  const { stderr } = outputsOf({ stdout: new PassThrough(), stderr: new PassThrough(), env })
  const isThere = async (): Promise<boolean> => osKeyring({ env, stderr }).read('none').then(() => true, (error: unknown) => !(error instanceof NoKeyring))
  return {
    folder,
    env,
    keyring: osKeyring({ env, stderr }),
    withShortTimeout: osKeyring({ env, stderr }, { notice: 1_000, timeout: 1_000 }),
    async startDaemon (password) {
      const daemon = spawn(program, ['--foreground', '--components=secrets', ...password === undefined ? [] : ['--unlock']], { env, stdio: ['pipe', 'ignore', 'ignore'] })
      t.teardown(() => daemon.kill('SIGKILL'))
      daemon.stdin.end(password)
      await until(isThere)
      return daemon
    }
  }
}

t.test('logins in a real keyring', { skip }, async (t) => {
  const gateway = await build(t)
  const { env, folder, keyring, withShortTimeout, startDaemon } = await newDesktop(t)
  const ctl = async (args: string, stdin = ''): Promise<Outcome> => secretsctlProgram({ url: '' }, args.split(' '), {
    env: { ...env, SECRETS_GATEWAY_URL: undefined, SECRETS_GATEWAY_TOKEN: undefined }, stdin
  })
  const profiles = (): string => readFileSync(join(folder, 'config', 'secretsctl', 'profiles.json'), 'utf8')
  const login = `login --url ${gateway.url} --with-token`

  await t.test('without a keyring, the token is in the file', async (t) => {
    await t.rejects(keyring.read('a'), NoKeyring)
    t.match(await ctl(login, tokens.administrator), { status: 0, stdout: /\nThe token is in .*profiles\.json/, stderr: '' })
    t.match(profiles(), tokens.administrator)
    t.match(await ctl('whoami'), { status: 0, stdout: /administrator/ })
  })

  const daemon = await startDaemon('password')
  await t.test('with a keyring, the token is there', async (t) => {
    t.match(await ctl(login, tokens.administrator), { status: 0, stdout: /\nThe token is in your keyring\n$/, stderr: nothingButWaiting })
    t.notMatch(profiles(), tokens.administrator)
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
    t.ok(files.some((file) => file.endsWith('.keyring')))
    for (const file of files) t.notOk(readFileSync(file).includes(tokens.administrator), `${file} does not have the token in plain text`)
    t.match(await ctl('whoami'), { status: 0, stdout: /its token is in the keyring\)\n[^]*caller: +administrator/, stderr: nothingButWaiting })
    t.match(await ctl(login, tokens.reader), { status: 0 })
    t.match(await ctl('whoami'), { status: 0, stdout: /caller: +reader/ })
  })

  await t.test('a keyring that hangs', async (t) => {
    daemon.kill('SIGSTOP')
    await t.rejects(withShortTimeout.read('a'), new KeyringFailure('it did not answer within 1 seconds', true))
    t.match(await ctl(login, tokens.writer), { status: 1, stdout: '', stderr: /Your keyring gives no access: it does not answer\n/ }, 'D-Bus gives up before the command does')
    t.notMatch(profiles(), tokens.writer, 'the token does not go to the file instead')
    daemon.kill('SIGCONT')
  })

  await t.test('logout removes it', async (t) => {
    const { keyringEntry = '' } = (JSON.parse(profiles()) as { profiles: { default: { credential: { keyringEntry?: string } } } }).profiles.default.credential
    t.match(await keyring.read(keyringEntry), tokens.reader)
    t.match(await ctl('logout'), { status: 0, stderr: nothingButWaiting })
    t.equal(await keyring.read(keyringEntry), undefined)
  })

  await t.test('a keyring that is locked', async (t) => {
    t.match(await ctl(login, tokens.reader), { status: 0 })
    const ended = once(daemon, 'exit')
    daemon.kill()
    await ended
    t.match(await ctl('whoami'), { status: 1, stderr: /is in your keyring, which can't be reached from here: [^]*--insecure-storage\n$/ })
    await startDaemon()
    t.match(await ctl('whoami'), { status: 1, stderr: /is in your keyring, which gives no access: [^]*\nUnlock it and try again, or / })
    t.match(await ctl(`${login} --profile default --insecure-storage`, tokens.reader), { status: 0, stdout: /\nThe token is in .*profiles\.json/ })
    t.match(await ctl('whoami'), { status: 0, stdout: /caller: +reader/ })
  })
})
