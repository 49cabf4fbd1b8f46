import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadKey, newKey } from '#src/audit/key'
import { openConfiguredTrail } from '#src/audit/open'
import type { AuditSettings } from '#src/audit/settings'
import type { Trail } from '#src/audit/trail'
import { auditFrom } from '#src/config/audit'
import { parseConfig } from '#src/config/load'
import { readTrail } from '#test/audit-trail'

async function open (t: Test, settings: Partial<AuditSettings>, dataDir: string): Promise<Trail> {
  const trail = await openConfiguredTrail({ durability: 'written', writeTimeout: 60_000, ...settings }, dataDir, {})
  t.teardown(async () => trail.close())
  return trail
}

t.test('by default everything is in the data folder, which is created', async (t) => {
  const dataDir = join(t.testdir({}), 'some', 'data')
  const trail = await open(t, {}, dataDir)
  await trail.append([{ event: 'intent' }])
  t.same(readdirSync(dataDir).sort(), ['audit-key.pem', 'audit.jsonl', 'audit.jsonl.head', 'audit.jsonl.lock'])
  t.equal(statSync(dataDir).mode & 0o777, 0o700)
  const key = readFileSync(join(dataDir, 'audit-key.pem'), 'utf8')
  await trail.close()
  await (await open(t, {}, dataDir)).close()
  t.equal(readFileSync(join(dataDir, 'audit-key.pem'), 'utf8'), key, 'the key is kept')
  t.match(readTrail(join(dataDir, 'audit.jsonl')).map(({ event, found }) => [event, found]), [['start', 'nothing'], ['intent'], ['close'], ['start', 'intact'], ['close']])
})

t.test('no data folder is created if nothing needs it', async (t) => {
  const folder = t.testdir({ 'key.pem': newKey() })
  chmodSync(join(folder, 'key.pem'), 0o440)
  const trail = await open(t, { file: join(folder, 'trail.jsonl'), keyFile: join(folder, 'key.pem'), durability: 'synced' }, join(folder, 'data'))
  await trail.append([{ event: 'intent' }])
  t.same(readdirSync(folder).sort(), ['key.pem', 'trail.jsonl', 'trail.jsonl.head', 'trail.jsonl.lock'])
})

t.test('unusable keys and folders are reported', async (t) => {
  const folder = t.testdir({
    file: '',
    'rsa.pem': generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'public.pem': generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    'open.pem': newKey()
  })
  for (const file of ['rsa.pem', 'public.pem']) chmodSync(join(folder, file), 0o600)
  chmodSync(join(folder, 'open.pem'), 0o604)
  const file = join(folder, 'audit.jsonl')
  for (const [keyFile, message] of [
    ['none.pem', /^audit\.keyFile: found ENOENT on reading .*none\.pem, expected a private key, Ed25519 in PEM, with mode 0600 or 0640$/],
    ['rsa.pem', /on reading .*rsa\.pem/],
    ['public.pem', /on reading .*public\.pem/],
    ['open.pem', /open\.pem, which others may read or write/]
  ] as const) await t.rejects(open(t, { file, keyFile: join(folder, keyFile) }, folder), { name: 'UnusableTrail', message }, keyFile)
  await t.rejects(open(t, {}, join(folder, 'file', 'data')), { name: 'UnusableTrail', message: /^GATEWAY_DATA_DIR: found ENOTDIR on making/ })
})

t.test('a key is generated once, and an existing file is not replaced', async (t) => {
  const folder = t.testdir({})
  const file = join(folder, 'key.pem')
  const keys = Array.from({ length: 2 }, () => loadKey(file, true).publicKey.spki)
  t.equal(keys[0], keys[1])
  t.same(readdirSync(folder), ['key.pem'])
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link.pem'))
  t.throws(() => loadKey(join(folder, 'link.pem'), true), { name: 'UnusableTrail', message: /ENOENT/ }, 'a file that another process creates in between')
  t.same(readdirSync(folder), ['key.pem', 'link.pem'])
  t.throws(() => loadKey(join(folder, 'none', 'key.pem'), true), { name: 'UnusableTrail', message: /ENOENT/ })
  writeFileSync(join(folder, 'empty.pem'), '', { mode: 0o600 })
  t.throws(() => loadKey(join(folder, 'empty.pem'), true), { name: 'UnusableTrail' })
})

t.test('the configuration', async (t) => {
  t.same(auditFrom({}, '/etc/gateway'), { durability: 'written', writeTimeout: 5_000 })
  t.same(auditFrom({ file: 'a.jsonl', keyFile: '../key.pem', durability: 'synced', timeoutSeconds: 0.5 }, '/etc/gateway'), {
    file: '/etc/gateway/a.jsonl', keyFile: '/etc/key.pem', durability: 'synced', writeTimeout: 500
  })
  t.match(auditFrom({ file: '-' }, '/etc'), { file: '-' })
  for (const [audit, message] of [
    ['{ file: "" }', /^audit\.file: /], ['{ durability: none }', /^audit\.durability: .* expected one of: written, synced$/], ['{ enabled: false }', /^audit\.enabled: found a key that is not known/],
    ['{ timeoutSeconds: 0 }', /^audit\.timeoutSeconds: /], ['false', /^audit: found boolean false, expected object$/]
  ] as const) t.throws(() => parseConfig(`audit: ${audit}\nenvironments: { dev: { region: eu-west-1, credential: a } }\ncredentials: { a: { kind: default-chain } }\nauthentication: {}\nauthorization: { policies: . }\n`), { name: 'ConfigError', message })
})
