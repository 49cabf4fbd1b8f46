import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { ConfigError } from '#src/config/issues'
import { stateOf } from '#src/config/file-states'
import { configSource } from '#src/config/source'

const config = {
  environments: { dev: { region: 'eu-west-1', credential: 'a' } },
  credentials: { a: { kind: 'default-chain' } },
  authentication: {},
  authorization: { policies: 'policies' },
  server: { cursorKeyFiles: ['cursor.key'] }
}
const files = {
  'gateway.yaml': stringify(config),
  'cursor.key': Buffer.alloc(32, 1).toString('base64'),
  policies: { 'a.cedar': '@id("one") permit (principal, action, resource);' }
}

function source (t: Test): { folder: string, source: ReturnType<typeof configSource> } {
  const folder = t.testdir(files)
  return { folder, source: configSource(join(folder, 'gateway.yaml')) }
}

t.test('a change of any file that was read is detected', async (t) => {
  const { folder, source: { load, hasChanged } } = source(t)
  load()
  t.equal(hasChanged(), false)
  const changes = {
    'gateway.yaml': `${files['gateway.yaml']}# A comment.\n`,
    'cursor.key': Buffer.alloc(32, 2).toString('base64'),
    'policies/a.cedar': '@id("two") permit (principal, action, resource);',
    'policies/b.cedar': '@id("three") permit (principal, action, resource);'
  }
  for (const [name, text] of Object.entries(changes)) {
    await writeFile(join(folder, name), text)
    t.equal(hasChanged(), true, name)
    load()
    t.equal(hasChanged(), false, name)
  }
  await rm(join(folder, 'policies', 'b.cedar'))
  t.equal(hasChanged(), true, 'a file that is gone')
  load()
  await writeFile(join(folder, 'another.yaml'), 'not read')
  t.equal(hasChanged(), false, 'a file that the configuration does not name')
})

t.test('after an error, each change is found once', async (t) => {
  const { folder, source: { load, hasChanged } } = source(t)
  load()
  await writeFile(join(folder, 'gateway.yaml'), 'environments: [')
  t.throws(load, ConfigError)
  t.equal(hasChanged(), false, 'the error is not reported again')
  await writeFile(join(folder, 'policies', 'a.cedar'), '@id("two") permit (principal, action, resource);')
  t.equal(hasChanged(), true, 'a file that the failed attempt did not read')
  t.throws(load, ConfigError)
  t.equal(hasChanged(), false)
  await writeFile(join(folder, 'gateway.yaml'), files['gateway.yaml'])
  t.equal(hasChanged(), true)
  load()
})

// Kubernetes mounts a ConfigMap as links through `..data`, a link to a folder with the files, and replaces that link.
t.test('a ConfigMap that Kubernetes has replaced', async (t) => {
  const folder = t.testdir({})
  const version = async (name: string, yaml: string): Promise<void> => {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'gateway.yaml'), yaml)
    await writeFile(join(folder, name, 'a.cedar'), files.policies['a.cedar'])
    await symlink(name, join(folder, '..new'))
    await rename(join(folder, '..new'), join(folder, '..data'))
  }
  const yaml = (changes: object): string => stringify({ ...config, server: {}, authorization: { policies: '.' }, ...changes })
  await version('..2026_12_01', yaml({}))
  for (const name of ['gateway.yaml', 'a.cedar']) await symlink(join('..data', name), join(folder, name))
  const { load, hasChanged } = configSource(join(folder, 'gateway.yaml'))
  t.equal(load().environments.size, 1)
  t.equal(hasChanged(), false)

  await version('..2026_12_02', yaml({ environments: { ...config.environments, prod: { region: 'eu-west-2', credential: 'a' } } }))
  t.equal(hasChanged(), true)
  t.equal(load().environments.size, 2)
  t.equal(hasChanged(), false)
})

t.test('a file that can\'t be read has a state, too', async (t) => {
  const folder = t.testdir({ loop: t.fixture('symlink', 'loop') })
  t.equal(stateOf(join(folder, 'none')), 'ENOENT')
  t.equal(stateOf(join(folder, 'loop')), 'ELOOP')
  t.equal(stateOf(folder), 'loop: ELOOP')
})
