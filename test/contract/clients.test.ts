import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { configFrom, type Declared } from '#src/config/config'
import { build, caching, declared, embedded, policies, tokens, type Gateway } from '#test/helper'
import { uncounted } from '#test/uncounted'

/* The examples in `docs/clients.md`: programs are run against a gateway, and settings are compared with what the gateway uses. */

const root = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(root, 'docs', 'clients.md'), 'utf8')
const run = promisify(execFile)

/** Returns the code blocks below a heading, up to the next heading of the same or a higher level. */
function blocks (heading: string, language: string): string[] {
  const start = page.indexOf(`\n${heading}\n`)
  const [level = ''] = heading.split(' ')
  const rest = page.slice(start + heading.length + 1)
  const end = rest.search(new RegExp(`^#{2,${level.length}} `, 'm'))
  const section = end < 0 ? rest : rest.slice(0, end)
  return Array.from(section.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm')), ([, code = '']) => code)
}

const value = '{"password":"correct horse"}'

async function prepared (t: Test): Promise<Gateway> {
  const gateway = await build(t, {
    ...caching,
    environments: { prod: { region: 'eu-west-1', credential: 'account' } },
    credentials: { account: embedded('AKIADEV') },
    authorization: policies('@id("all") permit (principal == Caller::"administrator", action, resource);'),
    agent: { environments: ['prod'] }
  })
  await gateway.send('PUT', '/environments/prod/secrets/payments%2Fdb', { json: { value } })
  return gateway
}

const bash = (script: string): readonly [string, string[]] => ['bash', ['-e', '-c', script]]
const python = (script: string): readonly [string, string[]] => ['python3', ['-c', script]]
const node = (script: string, type = 'module'): readonly [string, string[]] => [process.execPath, [`--input-type=${type}`, '-e', script]]

/** Runs a program from the page against a gateway, without this machine's settings, and returns its output. */
async function outputOf (
  { url }: Gateway, [program, parameters]: readonly [string, string[]], env: Record<string, string> = {}
): Promise<string> {
  const here = (text: string): string => text.replaceAll('https://gateway.example', url)
  const { PATH = '', HOME = '' } = process.env
  const { stdout } = await run('env', [...uncounted, program, ...parameters.map(here)], {
    cwd: root,
    env: {
      PATH, HOME, TOKEN: tokens.administrator,
      AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true', AWS_PAGER: '',
      ...Object.fromEntries(Object.entries(env).map(([name, text]) => [name, here(text)]))
    }
  })
  return stdout.trim()
}

const isInstalled = (program: string, ...parameters: string[]): boolean => spawnSync(program, parameters).status === 0

/** Returns true if the installed AWS CLI reads endpoints from its settings, as version 2.13 and later do. */
function readsEndpoints (): boolean {
  const [, major = '0', minor = '0'] = /aws-cli\/(\d+)\.(\d+)/.exec(String(spawnSync('aws', ['--version']).stdout)) ?? []
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 13)
}

const aws = '## AWS\'s SDKs and the AWS CLI'

t.test('AWS\'s SDKs and CLI', async (t) => {
  const gateway = await prepared(t)
  const [settings = '', cli = ''] = blocks(aws, 'sh')
  const env = Object.fromEntries(Array.from(settings.matchAll(/(\w+)=("?)([^"\s]+(?: \$TOKEN)?)\2/g), ([, name = '', , text = '']) =>
    [name, text.replace('$TOKEN', tokens.administrator)]))
  t.same(Object.keys(env), [
    'AWS_ENDPOINT_URL_SECRETS_MANAGER', 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN', 'AWS_REGION', 'AWS_DEFAULT_REGION'
  ])
  const [boto3 = ''] = blocks(aws, 'python')
  const [sdk = '', ofRole = ''] = blocks(aws, 'js')

  await t.test('the SDK for JavaScript', async (t) => { t.equal(await outputOf(gateway, node(sdk), env), value) })
  await t.test('the SDK for JavaScript in a program that has a role', async (t) => {
    const role = { AWS_ACCESS_KEY_ID: 'AKIAROLE', AWS_SECRET_ACCESS_KEY: 'of the role', AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/role' }
    t.equal(await outputOf(gateway, node(ofRole), role), value)
  })
  const noCli = readsEndpoints() ? false : 'no AWS CLI that reads endpoints from its settings is installed'
  await t.test('the AWS CLI', { skip: noCli }, async (t) => { t.equal(await outputOf(gateway, bash(settings + cli)), value) })
  const noBoto3 = isInstalled('python3', '-c', 'import boto3') ? false : 'boto3 is not installed'
  await t.test('a profile, with keys from secretsctl', async (t) => {
    const [profile = ''] = blocks(aws, 'ini')
    const secretsctl = `${process.execPath} ${join(root, 'bin', 'secretsctl.js')}`
    const folder = t.testdir({ config: profile.replaceAll('https://gateway.example', gateway.url).replace('secretsctl', secretsctl) })
    const withProfile = { AWS_CONFIG_FILE: join(folder, 'config'), AWS_PROFILE: 'gateway-prod', SECRETS_GATEWAY_TOKEN: tokens.administrator }
    t.equal(await outputOf(gateway, node(sdk), withProfile), value)
    await t.test('the AWS CLI', { skip: noCli }, async (t) => { t.equal(await outputOf(gateway, bash(cli), withProfile), value) })
  })
  await t.test('boto3', { skip: noBoto3 }, async (t) => { t.equal(await outputOf(gateway, python(boto3), env), value) })
  t.match(gateway.trail().filter(({ operation, event }) => operation === 'callAws' && event === 'outcome'), [{ action: 'GetSecretValue', caller: { id: 'administrator' } }])
})

t.test('clients of AWS\'s agent, and the section of the configuration', async (t) => {
  const gateway = await prepared(t)
  const [program = ''] = blocks('## AWS\'s Secrets Manager Agent and the Lambda extension', 'sh')
  const output = await outputOf(gateway, bash(program))
  t.equal(output.split(JSON.stringify(value)).length, 3, 'both requests return the value')

  const [section = ''] = blocks('## AWS\'s Secrets Manager Agent and the Lambda extension', 'yaml')
  t.match(configFrom({ ...declared, ...parse(section) as Pick<Declared, 'agent'> }).agent, { environments: ['prod'] })
})

t.test('External Secrets Operator and Terraform: the page has the same settings as the references', async (t) => {
  const gateway = await prepared(t)
  const { json } = await gateway.send('GET', '/environments/prod/secrets/payments%2Fdb/references?field=password&through=gateway')
  const items = json.items as { format: string, text: string }[]
  const textOf = (wanted: string): string => (items.find(({ format }) => format === wanted)?.text ?? '').replaceAll(gateway.url, 'https://gateway.example')

  const [store = '', , external = ''] = blocks('### The `webhook` provider', 'yaml')
  t.same([parse(store), parse(external)], parseAllDocuments(textOf('external-secrets-webhook')).map((document) => document.toJSON() as unknown))
  const [token = ''] = blocks('### The `webhook` provider', 'yaml').slice(1)
  t.match(parse(token), { kind: 'Secret', metadata: { name: 'secrets-gateway-token', labels: { 'external-secrets.io/type': 'webhook' } } })

  const [controller = ''] = blocks('### The `aws` provider', 'yaml')
  const { extraEnv: [{ name, value: endpoint }] } = parse(controller) as { extraEnv: [{ name: string, value: string }] }
  t.ok(textOf('external-secrets').startsWith(`# The controller needs the environment variable ${name}=${endpoint}\n`))

  const [terraform = ''] = blocks('## Terraform', 'hcl')
  const [provider] = terraform.split('\n\n')
  t.equal(provider, textOf('terraform').split('\n\n')[0])
  const [spring = ''] = blocks('## Spring Cloud AWS', 'yaml')
  t.match(parse(spring), { spring: { cloud: { aws: { secretsmanager: { endpoint } } } } })
})

t.test('clients of the gateway\'s own API', async (t) => {
  const gateway = await prepared(t)
  const [curl = ''] = blocks('## curl', 'sh')
  t.equal(await outputOf(gateway, bash(curl)), value)
  const [typescript = ''] = blocks('## TypeScript', 'ts')
  t.equal(await outputOf(gateway, node(typescript.replace('secrets-gateway/client', '#src/client/client'), 'module-typescript')), value)
  const parsed = blocks('## curl', 'sh')[1]?.replace('| jq -r .json.password', '') ?? ''
  t.match(JSON.parse(await outputOf(gateway, bash(parsed))), { json: JSON.parse(value) })
  const [, longer = ''] = blocks('## TypeScript', 'ts')
  const output = await outputOf(gateway, node(longer.replace('secrets-gateway/client', '#src/client/client'), 'module-typescript'))
  t.same(output.split('\n'), ['correct horse', 'payments/db', 'payments/db'])
  const [, plain = ''] = blocks('## Python and Go', 'python')
  if (isInstalled('python3', '--version')) t.equal(await outputOf(gateway, python(plain)), value)
  const [generated = ''] = blocks('## Python and Go', 'python')
  const script = readFileSync(join(root, 'scripts', 'generated-clients.sh'), 'utf8')
  for (const line of generated.split('\n').filter((line) => line.startsWith('from '))) t.ok(script.includes(line), line)
  const [go = ''] = blocks('## Python and Go', 'go')
  for (const [call] of go.matchAll(/\b(?:gateway|client)\.[A-Z]\w+|reply\.JSON200\.\w+/g)) t.ok(script.includes(call), call)
})
