import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { build, tokens } from '#test/helper'
import { secretsctlProgram, type Outcome, type ProgramSetting } from '#test/secretsctl'

const nowhere = { url: 'http://127.0.0.1:2' }
const show = ['--', process.execPath, '-e', 'console.log(`V is ${process.env.V}`)']

t.test('run --fallback', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', '/environments/dev/secrets/a', { json: { value: 'canary' } })
  const folder = t.testdir({})
  const file = join(folder, 'kept')
  const run = async (target: { url: string }, options: string[] = [], setting: ProgramSetting = {}): Promise<Outcome> =>
    secretsctlProgram(target, ['run', '--env', 'dev', '--map', 'V=a', '--fallback', file, ...options, ...show], { env: { XDG_CONFIG_HOME: folder }, ...setting })

  t.match(await run(gateway, [], { token: tokens.expired }), { status: 125 })
  t.match(await run(nowhere), { status: 125, stdout: '', stderr: /does not answer.*\nThe fallback .* can't be used: it does not exist yet/ })
  t.match(await run(gateway), { status: 0, stdout: 'V is canary\n', stderr: '' })
  t.notMatch(readFileSync(file, 'utf8'), 'canary', 'the file is encrypted')

  // The purpose of a fallback includes the gateway's URL, so the gateway itself has to stop.
  await gateway.fastify.close()
  t.match(await run(gateway), { status: 0, stdout: 'V is canary\n', stderr: /^WARNING: http.* does not answer.*\nWARNING: using the secrets that .*kept kept at \d{4}-.*Z\. They may have been changed or withdrawn since\n$/ })
  t.match(await run(nowhere), { status: 125, stderr: /written for other secrets or by another user, or it is damaged/ }, 'another gateway')
  t.match(await run(gateway, ['--secret', 'b']), { status: 125, stderr: /written for other secrets/ }, 'another selection')

  const kept = JSON.parse(readFileSync(file, 'utf8')) as { savedAt: number }
  writeFileSync(file, JSON.stringify({ ...kept, savedAt: kept.savedAt + 1 }))
  t.match(await run(gateway), { status: 125, stderr: /or it is damaged/ }, 'its age can\'t be changed')
  writeFileSync(file, JSON.stringify(kept))
  chmodSync(join(folder, 'secretsctl', 'fallback.key'), 0o644)
  t.match(await run(gateway), { status: 125, stderr: /Other users can read or change .*fallback\.key/ })
})

t.test('whoever has lost access does not get the secrets from the fallback, nor after its time', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', '/environments/dev/secrets/a', { json: { value: 'canary' } })
  const folder = t.testdir({})
  const file = join(folder, 'kept')
  const run = async (options: string[], setting: ProgramSetting = {}): Promise<Outcome> =>
    secretsctlProgram(gateway, ['run', '--env', 'dev', '--map', 'V=a', '--fallback', file, ...options, ...show], { env: { XDG_CONFIG_HOME: folder }, ...setting })
  t.match(await run([]), { status: 0 })
  t.match(await run([], { token: tokens.stranger }), { status: 125, stdout: '', stderr: /No environment dev/ })
  await gateway.fastify.close()
  const clock = `data:text/javascript,const { now } = Date; Date.now = () => now() + ${3 * 60 * 60_000}`
  t.match(await run(['--fallback-max-age', '2'], { env: { XDG_CONFIG_HOME: folder, NODE_OPTIONS: `--import "${clock}"` } }), { status: 125, stderr: /it is 3 hours old; --fallback-max-age is 2/ })
  t.match(await run(['--fallback-max-age', '4'], { env: { XDG_CONFIG_HOME: folder } }), { status: 0, stdout: 'V is canary\n' })
})
