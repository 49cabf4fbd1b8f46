import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { newKey } from '#src/audit/key'
import { secretsctl, type Outcome } from '#test/secretsctl'
import { uncountedNode } from '#test/uncounted'

const server = join(import.meta.dirname, '../../../../src/server.ts')

const allowAll = { 'all.cedar': '@id("all") permit (principal, action, resource);' }

const valid = {
  environments: { dev: { region: 'eu-west-1', credential: 'base' } },
  credentials: { base: { kind: 'default-chain' } },
  authentication: {},
  authorization: { policies: '.' }
}

interface Files {
  /** Sections that differ from those of a valid file. */
  change: object
  /** Further files in the folder. */
  files?: Record<string, string>
  /** Modes of files and folders in the folder. */
  modes?: Record<string, number>
}

/** Creates a folder with a configuration file, and returns the path of the file. */
function configuration (t: Test, { change, files = {}, modes = {} }: Files): string {
  const folder = t.testdir({ 'gateway.yaml': JSON.stringify({ ...valid, ...change }), ...allowAll, ...files })
  for (const [name, mode] of Object.entries(modes)) chmodSync(join(folder, name), mode)
  return join(folder, 'gateway.yaml')
}

const check = async (file: string, env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  secretsctl({ url: '' }, ['config', 'check', file], { env: { GATEWAY_DATA_DIR: join(file, '..', 'data'), ...env } })

const key = newKey()

/** Configurations that the gateway refuses to start with. */
const refused: Record<string, Files> = {
  'a missing audit key': { change: { audit: { keyFile: 'audit-key.pem' } } },
  'an audit key that others may read': {
    change: { audit: { keyFile: 'audit-key.pem' } }, files: { 'audit-key.pem': key }, modes: { 'audit-key.pem': 0o644 }
  },
  'an audit key that is not a key': {
    change: { audit: { keyFile: 'audit-key.pem' } }, files: { 'audit-key.pem': 'key' }, modes: { 'audit-key.pem': 0o600 }
  },
  'a missing folder of the audit trail': { change: { audit: { file: 'none/audit.jsonl' } } },
  'a file that is not an audit trail': { change: { audit: { file: 'notes.txt' } }, files: { 'notes.txt': 'notes\n' } },
  'a reserved tag': { change: { environments: { dev: { ...valid.environments.dev, tags: { 'AWS:x': 'y' } } } } }
}

for (const [title, files] of Object.entries(refused)) {
  t.test(`${title}: the check and the gateway report the same errors`, async (t) => {
    const file = configuration(t, files)
    const { status, stderr } = spawnSync('env', [...uncountedNode, server], {
      encoding: 'utf8', env: { PATH: process.env.PATH, PORT: '0', GATEWAY_CONFIG: file, GATEWAY_DATA_DIR: join(file, '..', 'data') }
    })
    t.equal(status, 78)
    const [, ...mistakes] = stderr.split('\n')
    t.match(await check(file), { status: 1, stdout: '', stderr: mistakes.join('\n') })
  })
}

t.test('a trail that the gateway can use is no error, and the check creates nothing', async (t) => {
  t.match(await check(configuration(t, { change: {} })), { status: 0, stderr: '' }, 'the folder of the data does not exist yet')
  t.match(await check(configuration(t, { change: { audit: { file: '-' } } })), { status: 0, stderr: '' })
  const given = configuration(t, {
    change: { audit: { file: 'audit.jsonl', keyFile: 'key.pem' } },
    files: { 'key.pem': key, 'audit.jsonl': '', 'audit.jsonl.head': '' },
    modes: { 'key.pem': 0o600 }
  })
  t.match(await check(given), { status: 0, stderr: '' })
  t.equal(spawnSync('ls', [join(given, '..')], { encoding: 'utf8' }).stdout, 'all.cedar\naudit.jsonl\naudit.jsonl.head\ngateway.yaml\nkey.pem\n')
})

t.test('missing keys are a warning, because they may be created later', async (t) => {
  const file = configuration(t, {
    change: {
      credentials: {
        base: { kind: 'default-chain' },
        there: { kind: 'profile', profile: 'there' },
        'in-config': { kind: 'profile', profile: 'in-config' },
        gone: { kind: 'profile', profile: 'gone' },
        ci: { kind: 'environment', accessKeyIdVariable: 'PATH', secretAccessKeyVariable: 'CHECK_NO_SECRET' },
        pod: { kind: 'web-identity', roleArn: 'arn:aws:iam::111122223333:role/a', tokenFile: 'none/token' }
      }
    },
    files: {
      credentials: '[there]\naws_access_key_id = a\naws_secret_access_key = b\n',
      config: '[profile in-config]\nregion = eu-west-1\n'
    }
  })
  const before = { ...process.env }
  t.teardown(() => { process.env = before })
  Object.assign(process.env, { AWS_SHARED_CREDENTIALS_FILE: join(file, '../credentials'), AWS_CONFIG_FILE: join(file, '../config') })
  t.match(await check(file), {
    status: 0,
    stderr: [
      'Warning: The credential gone needs the profile gone, which does not exist on this machine.',
      'Warning: The credential ci needs the variable CHECK_NO_SECRET, which does not exist on this machine.',
      'Warning: The credential pod needs the file none/token, which does not exist on this machine.',
      ''
    ].join('\n')
  })
})
