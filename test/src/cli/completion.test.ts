import { readFileSync } from 'node:fs'
import t from 'tap'
import { build, tokens } from '#test/helper'
import { hangingKeyring } from '#test/keyrings'
import { secretsctlProgram } from '#test/secretsctl'
import { newUser, storeLogin } from './command-rows.ts'

// Each completion runs in its own process, as in a shell, because the completion library has one state for the whole process.

t.test('environments and names are completed', async (t) => {
  const gateway = await build(t)
  for (const name of ['payments/db', 'payments/queue', 'web']) await gateway.send('PUT', `/environments/dev/secrets/${encodeURIComponent(name)}`, { json: { value: 'v' } })
  const complete = async (...words: string[]): Promise<string[]> => {
    const { status, stdout, stderr } = await secretsctlProgram(gateway, ['complete', '--', ...words])
    t.same([status, stderr], [0, ''], words.join(' '))
    return stdout.trim().split('\n').slice(0, -1).map((line) => line.split('\t')[0] ?? '')
  }
  t.same(await complete('read', '--env', ''), ['dev', 'staging', 'prod'])
  t.same(await complete('read', '-e', 's'), ['staging'])
  t.same(await complete('diff', ''), ['dev', 'staging', 'prod'])
  t.same(await complete('promote', '--from', 'p'), ['prod'])
  t.same(await complete('--env', 'dev', 'read', 'pay'), ['payments/db', 'payments/queue'])
  t.same(await complete('read', '--env', 'dev', 'w'), ['web'])
  t.same(await complete('run', '--env', 'dev', '--secret', 'w'), ['web'])
  t.same(await complete('promote', '--from', 'dev', 'w'), ['web'])
  t.same(await complete('read', 'pay'), [], 'no environment is chosen')
  t.same(await complete('read', '--env', 'none', 'pay'), [])
  t.ok((await complete('rea')).includes('read'))
})

t.test('a gateway that refuses or does not answer soon leads to an empty completion', async (t) => {
  const gateway = await build(t)
  for (const [target, token] of [[gateway, tokens.expired], [{ url: 'http://127.0.0.1:2' }, tokens.administrator], [{ url: 'ftp://x' }, tokens.administrator]] as const) {
    const { status, stdout, stderr } = await secretsctlProgram(target, ['complete', '--', 'read', '--env', ''], { token })
    t.same([status, stderr], [0, ''])
    t.match(stdout, /^:\d+\n$/)
  }
})

t.test('a keyring that is locked soon leads to an empty completion', async (t) => {
  const folder = t.testdir({})
  const user = { gateway: { url: 'http://127.0.0.1:2' }, folder, isTerminal: false, name: 'user' }
  storeLogin(user, { kind: 'token', keyringEntry: `${user.gateway.url} 1` })
  const { env, asked } = hangingKeyring(folder)
  const { status, stdout, stderr } = await secretsctlProgram(user.gateway, ['complete', '--', 'read', '--env', ''], { env: { ...newUser(user), ...env } })
  t.same([status, stderr], [0, ''])
  t.match(stdout, /^:\d+\n$/)
  t.equal(readFileSync(asked, 'utf8'), '.', 'it was asked')
})
