import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Profiles } from '#src/cli/profiles/profiles'
import { changeProfiles, configFolder, readProfiles } from '#src/cli/profiles/store'

const profiles: Profiles = { current: 'a', profiles: { a: { url: 'https://h', credential: { kind: 'token', token: 'x' } } } }

t.test('the folder of the settings', async (t) => {
  t.equal(configFolder({ XDG_CONFIG_HOME: '/x', HOME: '/home/u' }), '/x/secretsctl')
  for (const XDG_CONFIG_HOME of [undefined, '', 'relative']) t.equal(configFolder({ XDG_CONFIG_HOME, HOME: '/home/u' }), '/home/u/.config/secretsctl')
  for (const HOME of [undefined, '', 'relative']) t.equal(configFolder({ HOME }), undefined)
})

t.test('profiles are written atomically, and only their user can read them', async (t) => {
  const XDG_CONFIG_HOME = join(t.testdir({}), 'deep', 'config')
  const env = { XDG_CONFIG_HOME }
  const folder = join(XDG_CONFIG_HOME, 'secretsctl')
  const file = join(folder, 'profiles.json')
  t.strictSame(readProfiles({}), { profiles: {} })
  t.strictSame(readProfiles(env), { profiles: {} })
  await changeProfiles(env, (before) => {
    t.strictSame(before, { profiles: {} })
    t.ok(existsSync(join(folder, 'lock')))
    return profiles
  })
  t.strictSame(readProfiles(env), profiles)
  t.equal(readFileSync(file, 'utf8'), `${JSON.stringify(profiles, undefined, 2)}\n`)
  t.same([statSync(XDG_CONFIG_HOME), statSync(folder), statSync(file)].map(({ mode }) => mode & 0o777), [0o700, 0o700, 0o600])
  const { ino } = statSync(file)
  await changeProfiles(env, () => undefined)
  t.equal(statSync(file).ino, ino, 'nothing is written')
  await t.rejects(changeProfiles(env, async () => Promise.reject(new Error('canary'))), /canary/)
  t.same(readdirSync(folder), ['profiles.json'], 'neither a lock nor a temporary file is left')
  await t.rejects(changeProfiles({}, () => profiles), /set HOME or XDG_CONFIG_HOME/)
  writeFileSync(join(XDG_CONFIG_HOME, 'file'), '')
  t.strictSame(readProfiles({ XDG_CONFIG_HOME: join(XDG_CONFIG_HOME, 'file') }), { profiles: {} })
})

t.test('files that others can read, or that are damaged, are refused', async (t) => {
  const XDG_CONFIG_HOME = t.testdir({ secretsctl: { 'profiles.json': JSON.stringify(profiles) } })
  const [folder, file] = [join(XDG_CONFIG_HOME, 'secretsctl'), join(XDG_CONFIG_HOME, 'secretsctl', 'profiles.json')]
  chmodSync(folder, 0o700)
  for (const mode of [0o610, 0o620, 0o640, 0o601, 0o602, 0o604]) {
    chmodSync(file, mode)
    t.throws(() => readProfiles({ XDG_CONFIG_HOME }), new RegExp(`Other users can read or change ${file}, so it is not used\nIf .*: chmod 600 ${file}$`), mode.toString(8))
  }
  chmodSync(file, 0o600)
  t.strictSame(readProfiles({ XDG_CONFIG_HOME }), profiles)
  chmodSync(folder, 0o750)
  t.throws(() => readProfiles({ XDG_CONFIG_HOME }), /chmod 700/)
  await t.rejects(changeProfiles({ XDG_CONFIG_HOME }, () => profiles), /chmod 700/)
  chmodSync(folder, 0o700)
  const member = (profile: unknown): string => JSON.stringify({ profiles: { a: profiles.profiles.a, b: profile } })
  for (const content of ['', '{', '[]', 'null', '{}', '{"profiles":[]}', member(1), member({ url: 'u' }), member({ url: 1, credential: {} }), member({ credential: {} }), member({ url: 'u', credential: 'x' }), member({ url: 'u', credential: {} }), member({ url: 'u', credential: { token: 1 } }), member({ url: 'u', credential: { token: 'x', keyringEntry: 1 } })]) {
    writeFileSync(file, content)
    t.throws(() => readProfiles({ XDG_CONFIG_HOME }), new RegExp(`${file} is damaged\nRemove it, and log in again: rm ${file} && secretsctl login$`), content)
  }
})

t.test('one process at a time changes the profiles', async (t) => {
  const XDG_CONFIG_HOME = t.testdir({})
  const env = { XDG_CONFIG_HOME }
  mkdirSync(join(XDG_CONFIG_HOME, 'secretsctl'), { mode: 0o700 })
  const lock = join(XDG_CONFIG_HOME, 'secretsctl', 'lock')
  writeFileSync(lock, 'of another process')
  const age = (seconds: number): void => { utimesSync(lock, Date.now() / 1_000 - seconds, Date.now() / 1_000 - seconds) }
  age(30)
  let isDone = false
  const changed = changeProfiles(env, () => profiles).then(() => { isDone = true })
  await new Promise((resolve) => { setTimeout(resolve, 250) })
  t.notOk(isDone, 'it waits for the other one')
  rmSync(lock)
  await changed
  t.strictSame(readProfiles(env), profiles)
  t.notOk(existsSync(lock))

  writeFileSync(lock, 'of a process that has died')
  age(61)
  await changeProfiles(env, () => ({ profiles: {} }))
  t.strictSame(readProfiles(env), { profiles: {} })
  t.notOk(existsSync(lock))

  await changeProfiles(env, () => profiles)
  const late = changeProfiles(env, () => {
    writeFileSync(lock, 'of a process that has waited too long')
    return { profiles: {} }
  })
  await t.rejects(late, { message: 'The profiles were changed while the command ran, because it took too long. Run the command again' })
  t.strictSame(readProfiles(env), profiles, 'what the other process has written stays')
  t.equal(readFileSync(lock, 'utf8'), 'of a process that has waited too long', 'its lock stays, too')
})

t.test('on a full disk, nothing is left behind', { skip: process.platform === 'win32' }, async (t) => {
  const XDG_CONFIG_HOME = t.testdir({})
  const program = join(import.meta.dirname, '..', '..', '..', '..', 'bin', 'secretsctl.js')
  // Files can be created, but nothing can be written to them. The test runner's NODE_OPTIONS would write the coverage.
  const { status, stderr } = spawnSync('env', ['-u', 'NODE_OPTIONS', '/bin/sh', '-c', 'ulimit -f 0; exec "$@"', 'sh', process.execPath, program, 'logout'], {
    env: { PATH: process.env.PATH, XDG_CONFIG_HOME, NODE_DISABLE_COMPILE_CACHE: '1' }, encoding: 'utf8'
  })
  t.match({ status, stderr }, { status: 1, stderr: /^.*lock can't be created: file too large\n$/ })
  t.same(readdirSync(join(XDG_CONFIG_HOME, 'secretsctl')), [])
})
