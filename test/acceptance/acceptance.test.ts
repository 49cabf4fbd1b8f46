import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { startLocalBackend } from '#src/local-backend/server'
import { uncountedNode } from '#test/uncounted'

const keys = { accessKeyId: 'AKIAACCEPTANCE', secretAccessKey: 'secret' }

interface Result {
  status: number | null
  output: string
}

/** Starts a backend. Returns a function that runs the acceptance tests on it, and one that lists all its secrets. */
async function setUp (t: Test) {
  const backend = await startLocalBackend({ accounts: [{ accountId: '111111111111', ...keys }] })
  t.teardown(backend.close)
  const aws = new SecretsManager({ endpoint: backend.url, region: 'eu-west-1', credentials: keys })
  const folder = t.testdir()
  mkdirSync(join(folder, 'policies'))
  writeFileSync(join(folder, 'policies', 'none.cedar'), '@id("none") forbid (principal, action, resource);')
  writeFileSync(join(folder, 'gateway.yaml'), `
environments:
  dev: { region: eu-west-1, credential: main, namePrefix: team/, deletionProtection: true, replicaRegions: [us-east-1] }
credentials:
  main: { kind: default-chain }
authentication:
  apiKeys: [{ id: nobody, hash: "sha256:${'0'.repeat(64)}" }]
authorization: { policies: policies }
aws: { endpoint: "${backend.url}" }
`)

  /** @param onOutput called with the whole output so far, and a function that sends a signal */
  async function run (args: string[], onOutput: (output: string, signal: () => void) => void = () => undefined): Promise<Result> {
    const child = spawn('env', [...uncountedNode, 'scripts/acceptance.ts', join(folder, 'gateway.yaml'), ...args], {
      cwd: join(import.meta.dirname, '../..'),
      env: { ...process.env, AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        onOutput(output, () => { child.kill('SIGINT') })
      })
    }
    return new Promise((resolve) => { child.on('close', (status) => { resolve({ status, output }) }) })
  }

  const names = async (): Promise<(string | undefined)[]> =>
    (await aws.listSecrets({ IncludePlannedDeletion: true })).SecretList?.map(({ Name }) => Name) ?? []
  return { aws, run, names }
}

t.test('the acceptance tests pass, and leave nothing behind', async (t) => {
  const { aws, run, names } = await setUp(t)
  await aws.createSecret({ Name: 'team/values', SecretString: 'not of the tests' })
  const { status, output } = await run(['--environment', 'dev', '--yes'])
  t.equal(status, 0, output)
  t.match(output, /names in AWS begin with team\/acceptance-[0-9a-f]{8}\/\nThey make at most 600 calls .* \$0\.0030/)
  t.match(output, /Nothing is left behind\./)
  t.notMatch(output, /not ok/)
  t.same(await names(), ['team/values'])
})

t.test('after Ctrl-C, nothing is left behind', async (t) => {
  const { run, names } = await setUp(t)
  let isSent = false
  const { status, output } = await run(['--environment', 'dev', '--yes'], (output, signal) => {
    if (isSent || !output.includes('ok      values')) return
    isSent = true
    signal()
  })
  t.equal(status, 130, output)
  t.match(output, /Nothing is left behind\./)
  t.notMatch(output, /ok {6}lists/)
  t.same(await names(), [])
})

t.test('after a failure, or when the limit on calls is reached, nothing is left behind', async (t) => {
  const { run, names } = await setUp(t)
  const { status, output } = await run(['--environment', 'dev', '--yes', '--calls', '8', '--except', 'lists'])
  t.equal(status, 1, output)
  t.match(output, /not ok {2}values: all 8 calls have been made/)
  t.match(output, /Nothing is left behind\./)
  t.same(await names(), [])
})

t.test('--clean-up deletes what an earlier run has left behind', async (t) => {
  const { aws, run, names } = await setUp(t)
  await aws.createSecret({ Name: 'team/acceptance-0123abcd/values', SecretString: 'v' })
  await aws.createSecret({ Name: 'team/acceptance-0123abcd/deleted', SecretString: 'v' })
  await aws.deleteSecret({ SecretId: 'team/acceptance-0123abcd/deleted' })
  const { status, output } = await run(['--environment', 'dev', '--clean-up', '0123abcd'])
  t.equal(status, 0, output)
  t.same(await names(), [])
})

t.test('nothing is created without confirmation, or if the command line is invalid', async (t) => {
  const { run, names } = await setUp(t)
  for (const [args, message] of [
    [['--environment', 'dev'], /specify --yes/],
    [['--yes'], /Specify a file and an environment/],
    [['--environment', 'prod', '--yes'], /There is no environment prod/],
    [['--environment', 'dev', '--only', 'x', '--yes'], /There is no test x/],
    [['--environment', 'dev', '--calls', '0', '--yes'], /--calls must be/],
    [['--environment', 'dev', '--clean-up', '../x'], /--clean-up must be/]
  ] as [string[], RegExp][]) t.match(await run(args), { status: 2, output: message })
  t.match(await run(['--help']), { status: 0, output: /^Usage/ })
  t.same(await names(), [])
})
