import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import t from 'tap'
import { parse } from 'yaml'
import { hashToken } from '#src/authentication/api-keys'
import { run } from '#src/cli/program'

const root = join(import.meta.dirname, '..', '..', '..')

interface Outcome {
  status: number
  stdout: string
  stderr: string
}

/** Runs a command in this process. */
async function secretsctl (...args: string[]): Promise<Outcome> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const status = await run(args, { stdin, stdout, stderr, env: {} })
  stdout.end()
  stderr.end()
  return { status, stdout: await text(stdout), stderr: await text(stderr) }
}

t.test('keys create: prints a key, once only, and its entry for the configuration', async (t) => {
  const { status, stdout, stderr } = await secretsctl('keys', 'create', 'deploy-bot', '--group', 'pipelines', '--group', 'nightly', '--expires', '2096-02-29')
  t.same([status, stderr], [0, ''])
  const [, token = ''] = /shown only once: {2}(sgw_deploy-bot\.[\w-]{43})\n/.exec(stdout) ?? []
  t.same(parse(stdout.slice(stdout.indexOf('- id:'))), [{ id: 'deploy-bot', hash: hashToken(token), groups: ['pipelines', 'nightly'], expires: '2096-02-29' }])

  const program = await secretsctl('keys', 'create', 'a', '--json')
  const { token: another, key } = JSON.parse(program.stdout)
  t.same(key, { id: 'a', hash: hashToken(another) })
})

t.test('wrong usage is reported, with exit status 2', async (t) => {
  for (const [args, message] of [
    [[], /Usage: secretsctl/],
    [['keys'], /Usage: secretsctl keys/],
    [['nothing'], /unknown command 'nothing'/],
    [['keys', 'create'], /missing required argument 'id'/],
    [['keys', 'create', 'a:b'], /Must consist of at most 63 letters/],
    [['keys', 'create', 'a', 'b'], /too many arguments/],
    [['keys', 'create', 'a', '--group', ''], /Must consist of at most 63 letters/],
    [['keys', 'create', 'a', '--expires', '2027-02-31'], /Must be a date/],
    [['keys', 'create', 'a', '--expires', '2027-02'], /Must be a date/],
    [['keys', 'create', 'a', '--expires', 'tomorrow'], /Must be a date/],
    [['keys', 'create', 'a', '--expires', '2024-02-29'], /Must be a later date/],
    [['keys', 'create', 'a', '--expires', new Date().toISOString().slice(0, 10)], /Must be a later date/],
    [['keys', 'create', 'a', '--nothing'], /unknown option '--nothing'/],
    [['config', 'check'], /missing required argument 'file'/]
  ] as const) {
    const { status, stdout, stderr } = await secretsctl(...args)
    t.same([status, stdout], [2, ''], args.join(' '))
    t.match(stderr, message)
  }
})

t.test('global options that would have no effect are refused, and are not in the help', async (t) => {
  const refused: [args: string, message: string][] = [
    ['audit search x --env dev', '--env has no effect on this command: use --environment'],
    ['-e dev doctor x', '--env has no effect on this command: use --environment'],
    ['promote a --from dev --to prod --env dev', '--env has no effect on this command: use --from and --to'],
    ['diff dev prod --env dev', '--env has no effect on this command'],
    ['keys create a --url http://127.0.0.1', '--url has no effect on this command'],
    ['config check x --token t', '--token has no effect on this command'],
    ['--profile p policy check x', '--profile has no effect on this command'],
    ['login --token t', '--token has no effect on this command: use --with-token'],
    ['logout --env dev', '--env has no effect on this command'],
    ['profiles --url http://127.0.0.1', '--url has no effect on this command'],
    ['use work --token t', '--token has no effect on this command'],
    ['aws-credentials --env dev', '--env has no effect on this command']
  ]
  for (const [args, message] of refused) t.same(await secretsctl(...args.split(' ')), { status: 2, stdout: '', stderr: `${message}\n` }, args)
  const helpOf = async (...args: string[]): Promise<string> => (await secretsctl(...args, '--help')).stdout
  for (const args of [['audit'], ['audit', 'search'], ['keys', 'create']]) {
    const help = await helpOf(...args)
    t.match(help, /--json/, args.join(' '))
    t.notMatch(help, /--(?:env|url|token|profile) /, args.join(' '))
  }
  t.match(await helpOf('promote'), /--url/)
  t.notMatch(await helpOf('promote'), /--env /)
  t.match(await helpOf('read'), /--env [^]*--profile [^]*--url [^]*--token /)
})

t.test('requested help is not an error', async (t) => {
  for (const args of [['--help'], ['help'], ['keys', '--help'], ['keys', 'create', '--help']]) {
    const { status, stdout, stderr } = await secretsctl(...args)
    t.same([status, stderr], [0, ''])
    t.match(stdout, /^Usage: secretsctl/)
  }
  const optionsIn = async (...args: string[]): Promise<string> => (await secretsctl(...args, '--help')).stdout
  t.match(await optionsIn(), /^ {2}-V, --version +print the version\n/m)
  t.notMatch(await optionsIn('read'), '-V, --version', 'read has a --version of its own')
  for (const command of ['run', 'tag', 'promote']) t.notMatch(await optionsIn(command), /default: (?:\[\]|\{\})|preset/, `${command}: nothing that only a programmer understands`)
})

t.test('config check: performs the gateway\'s startup checks', async (t) => {
  const config = (authentication: object): string => JSON.stringify({
    environments: { dev: { region: 'eu-west-1', credential: 'base' }, prod: { region: 'eu-west-1', credential: 'base' } },
    credentials: { base: { kind: 'default-chain' } },
    authentication,
    authorization: { policies: 'policies' }
  })
  const folder = t.testdir({
    'good.yaml': config({}),
    'bad.yaml': config({ oidc: [{ name: 'corp', issuer: 'https://idp.example.com', audience: '', algorithms: ['RS256'] }] }),
    policies: { 'all.cedar': '@id("all") permit (principal, action, resource);' }
  })
  t.same(await secretsctl('config', 'check', join(folder, 'good.yaml')), { status: 0, stdout: `${join(folder, 'good.yaml')} is valid; environments: dev, prod\n`, stderr: '' })
  t.same(JSON.parse((await secretsctl('config', 'check', '--json', join(folder, 'good.yaml'))).stdout), { valid: true, environments: ['dev', 'prod'] })
  t.match(await secretsctl('config', 'check', join(folder, 'bad.yaml')), { status: 1, stdout: '', stderr: /^authentication\.oidc\.0\.audience: found a string of 0 characters/ })
  t.match(await secretsctl('config', 'check', join(folder, 'none.yaml')), { status: 1, stderr: /ENOENT/ })
})

t.test('config check: an expired key is a warning, not an error', async (t) => {
  const key = (digit: string, expires?: string): object => ({ id: 'deploy-bot', hash: `sha256:${digit.repeat(64)}`, expires })
  const folder = t.testdir({
    'gateway.yaml': JSON.stringify({
      environments: { dev: { region: 'eu-west-1', credential: 'base' } },
      credentials: { base: { kind: 'default-chain' } },
      authentication: { apiKeys: [key('a', '2024-02-29'), key('b', '2024-06-30T12:00:00Z'), key('c', '2096-02-29'), key('d')] },
      authorization: { policies: '.' }
    }),
    'all.cedar': '@id("all") permit (principal, action, resource);'
  })
  const stderr = 'Warning: an API key of deploy-bot has expired: 2024-02-29\nWarning: an API key of deploy-bot has expired: 2024-06-30T12:00:00Z\n'
  t.match(await secretsctl('config', 'check', join(folder, 'gateway.yaml')), { status: 0, stdout: /is valid; environments: dev\n$/, stderr })
  const { status, stdout, stderr: warnings } = await secretsctl('config', 'check', '--json', join(folder, 'gateway.yaml'))
  t.same([status, JSON.parse(stdout), warnings], [0, { valid: true, environments: ['dev'] }, stderr])
})

t.test('config check: warns about prefixes that overlap unless the environments are in different accounts', async (t) => {
  t.teardown(() => { delete process.env.AWS_SHARED_CREDENTIALS_FILE })
  const check = async (dev: object, prod: object): Promise<{ status: number, stderr: string }> => {
    const folder = t.testdir({
      'gateway.yaml': JSON.stringify({
        environments: { dev: { region: 'eu-west-1', credential: 'a', namePrefix: '', ...dev }, prod: { region: 'eu-west-1', credential: 'b', ...prod } },
        credentials: { a: { kind: 'profile', profile: 'a' }, b: { kind: 'profile', profile: 'b' } },
        authentication: {},
        authorization: { policies: '.' }
      }),
      'all.cedar': '@id("all") permit (principal, action, resource);',
      // The profiles exist, so that there is no warning.
      credentials: '[a]\nregion = eu-west-1\n[b]\nregion = eu-west-1\n'
    })
    process.env.AWS_SHARED_CREDENTIALS_FILE = join(folder, 'credentials')
    const { status, stderr } = await secretsctl('config', 'check', join(folder, 'gateway.yaml'))
    return { status, stderr }
  }
  t.same(await check({}, {}), {
    status: 0,
    stderr: 'Warning: The name prefix of dev covers that of prod in eu-west-1. Set the account of both environments, so that the ' +
      'gateway can tell whether one of them exposes the secrets of the other.\n'
  })
  t.match(await check({ account: '111122223333' }, {}), { status: 0, stderr: /^Warning: The name prefix of dev/ }, 'the account of only one is set')
  t.same(await check({ account: '111122223333' }, { account: '444455556666' }), { status: 0, stderr: '' })
  t.match(await check({ account: '111122223333' }, { account: '111122223333' }), { status: 1, stderr: /^environments\.dev\.namePrefix: / })
})

t.test('a bug in the program is not reported as an ordinary failure', async (t) => {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  stdout.write = () => { throw new TypeError('a defect') }
  await t.rejects(run(['keys', 'create', 'a'], { stdin, stdout, stderr, env: {} }), { message: 'a defect' })
})

t.test('as a separate process', async (t) => {
  const node = async (...args: string[]): Promise<Outcome> => promisify(execFile)(process.execPath, args)
    .then(({ stdout, stderr }) => ({ status: 0, stdout, stderr }), (error: unknown) => {
      const { code, stdout, stderr } = error as { code: number, stdout: string, stderr: string }
      return { status: code, stdout, stderr }
    })
  const binary = join(root, 'bin', 'secretsctl.js')
  const program = async (...args: string[]): Promise<Outcome> => node(binary, ...args)
  t.match(await program('keys', 'create', 'a', '--json'), { status: 0, stdout: /"token": "sgw_a\./ })
  t.match(await program('config', 'check', '/none.yaml'), { status: 1, stderr: /ENOENT on reading \/none\.yaml/ })
  t.match(await program('keys'), { status: 2 })
  const defect = 'data:text/javascript,process.stdout.write = () => { throw new TypeError("a defect \\u001b]0;title") }'
  const { status, stderr } = await node('--import', defect, binary, 'keys', 'create', 'a')
  t.match({ status, stderr }, { status: 1, stderr: /^This is a bug in secretsctl:\nTypeError: a defect / })
  t.notMatch(stderr, '\u001b')
})
