import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { KeyringFailure, NoKeyring } from '#src/cli/keyring/keyring'
import { osKeyring } from '#src/cli/keyring/os-keyring'
import { tokenSource } from '#src/cli/profiles/credential'
import type { Profile } from '#src/cli/profiles/profiles'
import { terminalOf, type Terminal } from '#src/cli/terminal'
import { outputsOf } from '#src/command-line/output'
import { build, declared, tokens } from '#test/helper'
import { hangingKeyring, keyringLibrary, memoryKeyring, type MemoryKeyring } from '#test/keyrings'
import { visit } from '#test/log-in-page'
import { startPeopleIssuer } from '#test/people-issuer'
import { secretsctl, type Outcome, type Setting } from '#test/secretsctl'

interface User {
  /** The folder of the settings. */
  folder: string
  ctl: (args: string, setting?: Setting) => Promise<Outcome>
  keyring: MemoryKeyring
  terminal: Terminal
  /** The content of the profiles file. */
  file: () => string
  profile: () => Profile
}

function user (t: Test): User {
  const keyring = memoryKeyring()
  const home = t.testdir({})
  const folder = join(home, 'secretsctl')
  const env = { XDG_CONFIG_HOME: home, SECRETS_GATEWAY_URL: undefined, SECRETS_GATEWAY_TOKEN: undefined }
  const file = (): string => readFileSync(join(folder, 'profiles.json'), 'utf8')
  return {
    folder,
    ctl: async (args, setting = {}) => secretsctl({ url: '' }, args.split(' '), { keyring, ...setting, env: { ...env, ...setting.env } }),
    keyring,
    terminal: terminalOf({ stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough(), env, keyring }),
    file,
    profile: () => (JSON.parse(file()) as { profiles: { default: Profile } }).profiles.default
  }
}

t.test('a login is in the keyring, and its token nowhere else', async (t) => {
  const gateway = await build(t)
  const { ctl, keyring, file } = user(t)
  const login = `login --url ${gateway.url} --with-token`
  t.match(await ctl(login, { stdin: tokens.administrator }), { status: 0, stdout: /\nThe token is in your keyring\n$/ })
  t.notMatch(file(), tokens.administrator)
  t.match([...keyring.entries], [[new RegExp(`^${gateway.url} [\\w-]{36}$`), JSON.stringify({ token: tokens.administrator })]])
  t.match(await ctl('whoami'), { status: 0, stdout: /profile: +default +\(its token is in the keyring\)\n[^]*caller: +administrator/ })
  t.match(JSON.parse((await ctl('whoami --json')).stdout), { profile: 'default', storage: 'keyring' })
  t.match(await ctl('profiles'), { stdout: /KEPT IN\n\* +default +http.* +token +keyring\n$/ })
  t.match(JSON.parse((await ctl('profiles --json')).stdout), { items: [{ name: 'default', storage: 'keyring' }] })

  keyring.calls = []
  t.match(await ctl('diff dev staging'), { status: 0 })
  t.same(keyring.calls, ['read'], 'it is asked once, however many requests there are')
  keyring.calls = []
  for (const args of ['profiles', 'use default', 'keys create a', `whoami --token ${tokens.reader}`]) t.match(await ctl(args), { status: 0 }, args)
  t.same(keyring.calls, [], 'commands without a login don\'t ask it')

  t.match(await ctl(`${login} --profile second`, { stdin: tokens.reader }), { status: 0 })
  t.match(await ctl('whoami --profile default'), { stdout: /caller: +administrator/ }, 'another login at the same URL has its own entry')
  t.match(await ctl(`${login} --profile second`, { stdin: tokens.writer }), { status: 0 })
  t.equal(keyring.entries.size, 2, 'a login replaces the entry of the one before')
  t.match(await ctl('whoami'), { stdout: /caller: +writer/ })

  t.match(await ctl(`${login} --profile second --insecure-storage`, { stdin: tokens.writer }), { status: 0, stdout: /\nThe token is in .*profiles\.json, which only you can read\n$/ })
  t.equal(keyring.entries.size, 1)
  t.match(file(), tokens.writer)
  t.match(await ctl('profiles'), { stdout: /default .*token +keyring\n\* +second .*token +file\n$/ })
  t.match(await ctl('logout --all'), { status: 0, stdout: /default, second is removed/, stderr: '' })
  t.equal(keyring.entries.size, 0)
})

t.test('a machine without a keyring uses the file', async (t) => {
  const gateway = await build(t)
  const { ctl, keyring, file } = user(t)
  keyring.failure = new NoKeyring('no session bus')
  t.match(await ctl(`login --url ${gateway.url} --with-token`, { stdin: tokens.administrator }), { status: 0, stdout: /\nThe token is in .*profiles\.json/, stderr: '' })
  t.match(file(), tokens.administrator)
  keyring.calls = []
  t.match(await ctl('whoami'), { status: 0, stdout: /\(its token is in a file\)/ })
  t.match(await ctl('logout'), { status: 0, stderr: '' })
  t.same(keyring.calls, [])
})

t.test('a login whose profile can\'t be written is not in the keyring either', async (t) => {
  const gateway = await build(t)
  const { ctl, keyring, folder } = user(t)
  mkdirSync(join(folder, 'lock'), { recursive: true, mode: 0o700 })
  t.match(await ctl(`login --url ${gateway.url} --with-token`, { stdin: tokens.administrator }), { status: 1, stdout: '', stderr: /lock can't be read/ })
  t.same(keyring.calls, [])
})

t.test('a keyring that gives no access', async (t) => {
  const gateway = await build(t)
  const { ctl, keyring, file, profile, terminal } = user(t)
  const locked = new KeyringFailure('it is locked')
  const login = `login --url ${gateway.url} --with-token`
  keyring.failure = locked
  t.match(await ctl(login, { stdin: tokens.administrator }), {
    status: 1, stdout: '',
    stderr: `Your keyring gives no access: it is locked\nUnlock it and try again, or keep the login in a file that only you can read: secretsctl ${login} --insecure-storage\n`
  })
  keyring.failure = undefined
  await ctl(login, { stdin: tokens.administrator })
  const toFile = 'keep the login in a file that only you can read: secretsctl login --profile default --insecure-storage\n'
  keyring.failure = locked
  t.same(await ctl('envs'), { status: 1, stdout: '', stderr: `Your login to ${gateway.url} is in your keyring, which gives no access: it is locked\nUnlock it and try again, or ${toFile}` })
  keyring.failure = new NoKeyring('no session bus')
  t.match(await ctl('envs'), { status: 1, stderr: `which can't be reached from here: no session bus\nRun this in your desktop session, or ${toFile}` })
  t.match(await ctl(login, { stdin: tokens.reader }), {
    status: 1, stdout: '', stderr: /^Your keyring can't be reached from here: no session bus\nRun this in your desktop session, or .* --insecure-storage\n$/
  })
  t.notMatch(file(), tokens.reader, 'a login that was in the keyring does not move to the file by itself')

  keyring.failure = undefined
  const [entry = ''] = keyring.entries.keys()
  for (const content of ['', '{', '[]', '{"token":1}']) {
    keyring.entries.set(entry, content)
    t.match(await ctl('envs'), { status: 1, stderr: `Your keyring does not have the login to ${gateway.url}\nLog in again with: secretsctl login --profile default\n` }, content)
  }
  keyring.entries.set(entry, JSON.stringify({ token: tokens.administrator }))

  // If somebody changes the URL in the profiles file, the token is not sent to the new URL.
  const moved = { ...profile(), url: 'https://other.example.com' }
  const source = tokenSource({ name: 'default', profile: moved }, terminal)
  await t.rejects(source(), { message: /does not have the login to https:\/\/other\.example\.com/ })

  keyring.failure = locked
  t.match(await ctl('logout'), {
    status: 1, stdout: 'Only partly logged out: the profile default is removed, and your keyring still has a login\n',
    stderr: `Warning: your keyring still has the login to ${gateway.url}, because it gives no access: it is locked\nRemove the entry with your keyring's own program: ${entry}, of secretsctl\n`
  })
  t.match(await ctl('profiles'), { stdout: /^There is no profile yet/ })
})

t.test('a login that can\'t be kept is valid nowhere', async (t) => {
  const issuer = await startPeopleIssuer(t)
  const gateway = await build(t, {
    authentication: { ...declared.authentication, oidc: [issuer.settings], groups: { administrators: { callers: ['people:maria'] } } }
  })
  const { ctl, keyring, folder } = user(t)
  const logIn = async (setting: Setting = {}): Promise<Outcome> => {
    let visited: Promise<string> | undefined
    issuer.requests.length = 0
    return ctl(`login --url ${gateway.url} --device`, {
      ...setting,
      onStderr (text) {
        const [, page] = /on any device: +(\S+)\n[^]*code there: +\S+\n/.exec(text) ?? []
        if (page !== undefined) visited ??= visit(page)
      }
    })
  }
  const isRevoked = (): boolean => issuer.requests.some((path) => path.startsWith('/token/revocation'))

  keyring.failure = new KeyringFailure('it is locked')
  const refused = await logIn()
  t.match(refused, { status: 1, stderr: /\nYour keyring gives no access: it is locked\n/ })
  t.notMatch(refused.stderr, /It may have stored/, 'a keyring that refuses has stored nothing')
  t.ok(isRevoked(), 'the issuer forgets the refresh token')

  keyring.failure = new KeyringFailure('it did not answer within 30 seconds', true)
  t.match(await logIn(), { status: 1, stderr: new RegExp(`\nIt may have stored the token all the same\\. If so, remove the entry .*: ${gateway.url} [\\w-]{36}, of secretsctl\n$`) })
  t.ok(isRevoked())

  keyring.failure = undefined
  const removing = { ...keyring, async write (entry: string, secret: string) {
    await keyring.write(entry, secret)
    // The file can't be replaced by the time the keyring has the token.
    mkdirSync(join(folder, 'profiles.json'))
  } }
  t.match(await logIn({ keyring: removing }), { status: 1, stdout: '', stderr: /profiles\.json can't be written: illegal operation on a directory\n$/ })
  t.equal(keyring.entries.size, 0, 'the keyring forgets a login that no profile names')
  t.ok(isRevoked())
  t.same(readdirSync(folder), ['profiles.json'], 'no temporary file is left')
})

t.test('a login that is renewed stays in the keyring', async (t) => {
  const issuer = await startPeopleIssuer(t, { lifetime: 2 })
  const gateway = await build(t, {
    authentication: { ...declared.authentication, oidc: [issuer.settings], groups: { administrators: { callers: ['people:maria'] } } }
  })
  const { ctl, keyring, file, profile, terminal } = user(t)
  let visited: Promise<string> | undefined
  const onStderr = (text: string): void => {
    const [, page] = /on any device: +(\S+)\n[^]*code there: +\S+\n/.exec(text) ?? []
    if (page !== undefined) visited ??= visit(page)
  }
  t.match(await ctl(`login --url ${gateway.url} --device`, { onStderr }), { status: 0, stdout: /in your keyring/ })
  const secrets = (): string => [...keyring.entries.values()].join('\n')
  const first = secrets()
  t.match(first, /^\{"token":"[^"]+","refreshToken":"[^"]+"\}$/)
  t.match(await ctl('envs'), { status: 0 })
  t.not(secrets(), first)
  t.equal(keyring.entries.size, 1)
  t.notMatch(file(), /oken":/, 'neither token is in the file')
  const failing = { ...keyring, write: async () => { throw new KeyringFailure('it is locked') } }
  t.match(await ctl('envs', { keyring: failing }), { status: 1, stderr: /^The new token for http.* belongs into your keyring, which gives no access: it is locked\n/ })

  const expired = { ...profile(), url: 'https://other.example.com' }
  const source = tokenSource({ name: 'default', profile: expired }, terminal)
  await t.rejects(source(), { message: 'The profile default was changed while the command ran. Run the command again' })

  t.match(await ctl(`login --url ${gateway.url} --device`, { onStderr: (text) => { visited = undefined; onStderr(text) } }), { status: 0 })
  const { requests } = issuer
  let isStillKept = false
  requests.push = (...paths) => {
    isStillKept ||= keyring.entries.size > 0
    return Array.prototype.push.apply(requests, paths)
  }
  t.match(await ctl('logout'), { status: 0, stderr: '' })
  t.equal(isStillKept, false, 'the keyring has forgotten the login before the issuer is asked')
  t.ok(issuer.requests.some((path) => path.startsWith('/token/revocation')), 'the issuer forgets the refresh token of the keyring')
})

const library = (t: Test, methods: string): NodeJS.ProcessEnv => ({ ...process.env, ...keyringLibrary(t.testdir({}), methods) })

const inFile = (file: string): string => `
  constructor (...names) { this.key = JSON.stringify(names) }
  get entries () { return fs.existsSync('${file}') ? JSON.parse(fs.readFileSync('${file}', 'utf8')) : {} }
  set entries (entries) { fs.writeFileSync('${file}', JSON.stringify(entries)) }
  getPassword () { return this.entries[this.key] ?? null }
  setPassword (secret) {
    if (['cmdline', 'environ'].some((name) => fs.readFileSync('/proc/self/' + name, 'utf8').includes(secret))) throw new Error('others can see it')
    this.entries = { ...this.entries, [this.key]: secret }
  }
  deletePassword () { this.entries = { ...this.entries, [this.key]: undefined } }`

t.test('the keyring of the operating system', async (t) => {
  const shown = new PassThrough({ encoding: 'utf8' })
  const context = (env: NodeJS.ProcessEnv): Parameters<typeof osKeyring>[0] => ({ env, stderr: outputsOf({ stdout: new PassThrough(), stderr: shown, env }).stderr })

  // Long enough for a busy machine.
  const longLimits = { notice: 60_000, timeout: 60_000 }

  await t.test('reads, writes and removes', async (t) => {
    const file = join(t.testdirName, 'entries.json')
    const keyring = osKeyring(context(library(t, inFile(file))), longLimits)
    t.equal(await keyring.read('a'), undefined)
    await keyring.write('a', 'canary')
    t.equal(await keyring.read('a'), 'canary')
    t.equal(await keyring.read('b'), undefined)
    t.same(JSON.parse(readFileSync(file, 'utf8')), { '["secretsctl","a",{"linux":{"store":"secret-service"}}]': 'canary' }, 'only the Secret Service is used')
    await keyring.remove('a')
    t.equal(await keyring.read('a'), undefined)
  })

  await t.test('is missing', async (t) => {
    const keyring = osKeyring(context(library(t, 'constructor () { throw new Error("no session bus") }')), longLimits)
    await t.rejects(keyring.read('a'), new NoKeyring('no session bus'))
    await t.rejects(osKeyring(context({ ...process.env, NAPI_RS_NATIVE_LIBRARY_PATH: '/none' }), longLimits).read('a'), { name: 'NoKeyring', message: /Cannot find native binding/ })
  })

  await t.test('hangs, which does not mean that it is missing', async (t) => {
    for (const reason of ['Did not receive a reply. Possible causes include: the reply timeout expired', 'Message recipient disconnected from message bus without replying']) {
      const keyring = osKeyring(context(library(t, `constructor () { throw new Error('Platform failure: DBus error: ${reason}') }`)), longLimits)
      await t.rejects(keyring.write('a', 'canary'), new KeyringFailure('it does not answer'), reason)
    }
  })

  await t.test('is locked', async (t) => {
    const keyring = osKeyring(context(library(t, 'getPassword () { throw new Error("prompt dismissed") }')), longLimits)
    await t.rejects(keyring.read('a'), new KeyringFailure('prompt dismissed'))
  })

  await t.test('fails, which affects only its own process', async (t) => {
    const keyring = osKeyring(context(library(t, 'getPassword () { process.exit(3) }')), longLimits)
    await t.rejects(keyring.read('a'), new KeyringFailure('the process that asks it has ended', true))
  })
  t.equal(shown.read(), null, 'nothing is said about a keyring that answers')

  await t.test('has answered, and its process does not end', async (t) => {
    const keyring = osKeyring(context(library(t, 'getPassword () { setInterval(() => {}, 1_000); return "canary" }')), longLimits)
    t.equal(await keyring.read('a'), 'canary', 'the time limit has no effect on an answer')
  })

  await t.test('does not answer', async (t) => {
    const env = { ...process.env, ...hangingKeyring(t.testdir({})).env }
    const keyring = osKeyring(context(env), { notice: 1, timeout: 1_000 })
    await t.rejects(keyring.read('a'), new KeyringFailure('it did not answer within 1 seconds', true))
    t.equal(shown.read(), 'Waiting for your keyring, which may ask for its password in a window\n')
  })
})
