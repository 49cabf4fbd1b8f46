import { execFile, spawn, spawnSync } from 'node:child_process'
import { chmodSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { hashToken } from '#src/authentication/api-keys'
import { exampleIn, shellBlocksIn } from '#test/examples'
import { build, declared, policies, tokens, type Gateway } from '#test/helper'
import { uncounted } from '#test/uncounted'
import { until } from '#test/until'

// Runs examples from the documentation verbatim.

const root = join(import.meta.dirname, '..', '..')
const secretsctl = join(root, 'bin', 'secretsctl.js')

interface Shell {
  /** The folder that the script runs in. */
  cwd: string
  env: NodeJS.ProcessEnv
}

/** Creates an empty folder, and a `PATH` in which `npm`, `npx` and `secretsctl` are those of this project. */
function shell (t: Test): Shell {
  const folder = t.testdir({
    bin: {
      // `npm run local-backend -- …` with any free port.
      npm: `#!/bin/sh\nshift 3\ncd "${root}" && exec "${process.execPath}" src/local-backend/main.ts --port 0 "$@"\n`,
      npx: '#!/bin/sh\nexec "$@"\n'
    },
    cwd: {}
  })
  for (const name of ['npm', 'npx']) chmodSync(join(folder, 'bin', name), 0o755)
  symlinkSync(secretsctl, join(folder, 'bin', 'secretsctl'))
  return { cwd: join(folder, 'cwd'), env: { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH ?? ''}` } }
}

/** Runs a script, with the variables that the tour sets. Returns what it prints; rejects if it fails. */
async function run (t: Test, { url }: Gateway, script: string): Promise<string> {
  const { cwd, env } = shell(t)
  const header = `Authorization: Bearer ${tokens.administrator}`
  const variables = { gateway: url, token: header, json: 'Content-Type: application/json', SECRETS_GATEWAY_URL: url, SECRETS_GATEWAY_TOKEN: tokens.administrator }
  const { stdout } = await promisify(execFile)('env', [...uncounted, 'bash', '-c', script], { cwd, env: { ...env, ...variables } })
  return stdout
}

/** Runs a script that starts the embedded backend, and returns the backend's URL. */
async function startBackend (t: Test, script: string, change: (text: string) => string = (text) => text): Promise<string> {
  const { cwd, env } = shell(t)
  const child = spawn('env', [...uncounted, 'bash', '-c', `set -e\n${change(script)}`], { cwd, env: { ...env, CWD: cwd }, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  const ended = new Promise((resolve) => { child.once('close', resolve) })
  t.teardown(async () => {
    process.kill(-(child.pid ?? 0))
    await ended
  })
  await until(() => output.includes('http://'))
  return /http:\/\/[\d.:]+/.exec(output)?.[0] ?? ''
}

t.test('the tour: each request has the status that the text promises', async (t) => {
  const gateway = await build(t, { cache: {} })
  const [, ...blocks] = shellBlocksIn('docs/tour.md', 'With curl')
  const curl = 'curl () { command curl --silent --output /dev/null --write-out "%{http_code} " "$@"; }'
  t.equal((await run(t, gateway, [curl, ...blocks].join('\n'))).trim(), '201 200 200 200 200 200 200 200 200 200 200 412 200 200 200')
})

t.test('secretsctl: each command that asks no question succeeds', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', '/environments/dev/secrets/payments%2Fdb', { json: { value: { password: 'p' } } })
  await gateway.send('PUT', '/environments/dev/secrets/payments%2Fqueue', { json: { value: 'first' } })
  const [, ...blocks] = shellBlocksIn('docs/tour.md', 'With secretsctl')
  const lines = blocks.join('').split('\n').filter((line) => !/# (?:prompts|asks)/.test(line))
  const expected = lines.map((line) => line.includes('diff') ? `${line} || [ $? = 3 ]` : line)
  t.match(await run(t, gateway, ['set -e -o pipefail', ...expected].join('\n')), /payments\/queue/)
})

t.test('the first steps of the README', async (t) => {
  const gateway = await build(t)
  const [commands = '', request = ''] = shellBlocksIn('README.md', 'First steps').map((block) => block.replace(/^export .*\n/, ''))
  const output = await run(t, gateway, `set -e -o pipefail\n${commands.replace(/diff .*/, '$& || [ $? = 3 ]')}${request.replace('curl', 'curl --fail')}`)
  t.match(output, /Created payments\/key in dev[^]*The key has 64 characters[^]*"items"/)
})

t.test('the everyday tasks of the README', async (t) => {
  const gateway = await build(t)
  const at = '/environments/dev/secrets/payments%2F'
  for (const value of ['first', 'second']) await gateway.send('PUT', `${at}key`, { json: { value } })
  await gateway.send('GET', `${at}key`)
  const [manifest, database, policy] = ['manifest', 'database', 'lock-out'].map((name) => exampleIn('README.md', `example: ${name}`)) as [string, string, string]
  await gateway.send('PUT', `${at}db`, { json: { value: JSON.parse(database) } })
  const [tasks = ''] = shellBlocksIn('README.md', 'Everyday tasks')
  const files = `cat > secrets.yaml <<'END'\n${manifest.replace('payments/db', 'payments/new')}END\necho "DB_URL=mysql://h" > .env\n`
  const script = tasks.replace(/(import .*?) +#.*/, '$1 --yes').replace('node server.js', 'sh -c \'echo "the URL is $DB_URL"\'')
    .replace('.gateway/audit.jsonl', gateway.trailFile).replace('function:rotate-mysql', 'function:mysql')
  const output = await run(t, gateway, `set -e -o pipefail\n${files}${script}`)
  const answers = [
    'created  payments/new', 'created  shop/DB_URL', 'the URL is mysql://h', 'allowed  administrator  GetSecretValue  dev', 'Rolled back payments/key in dev',
    '4 created', 'Started the rotation of payments/db'
  ]
  for (const answer of answers) t.match(output, answer)
  t.equal(policy, exampleIn('docs/authorization.md', 'example: lock-out'), 'its policy is the one that another test evaluates')
})

const guides: Record<string, { examples: string[], prints: RegExp }> = {
  administration: { examples: ['administration', 'kinds'], prints: /Created payments\/web[^]*"name":"orders\/motd"/ },
  pipelines: { examples: ['pipeline', 'pipeline-curl'], prints: /2 created[^]*"created":0/ },
  services: { examples: ['services', 'references'], prints: /"value":"p"[^]*arn:aws:secretsmanager/ }
}

for (const [guide, { examples, prints }] of Object.entries(guides)) {
  t.test(`the guide for ${guide}`, async (t) => {
    const gateway = await build(t)
    await gateway.send('PUT', '/environments/dev/secrets/payments%2Fdb', { json: { value: { password: 'p' } } })
    if (guide === 'pipelines') await gateway.send('DELETE', '/environments/dev/secrets/payments%2Fdb?force=true')
    const scripts = examples.map((example) => exampleIn(`docs/guides/${guide}.md`, `example: ${example}`))
    const script = scripts.join('').replaceAll(/^curl(?! --fail)/gm, 'curl --fail').replace('local-dev', 'dev-account')
    t.match(await run(t, gateway, `set -e -o pipefail\n${script}`), prints)
  })
}

t.test('the credentials of an RDS database, and their rotation', async (t) => {
  const gateway = await build(t)
  const script = exampleIn('docs/rotation.md', 'example: rds').replaceAll(/^curl/gm, 'curl --fail').replace('function:rotate-mysql', 'function:mysql')
  t.match(await run(t, gateway, `set -e\n${script}`), /^(?:{"name":"dbCredentials",[^}]+}){2}$/)
})

t.test('a rotation in local mode', async (t) => {
  const gateway = await build(t)
  const script = exampleIn('docs/rotation.md', 'example: local').replace('function:rotate-mysql', 'function:mysql')
  t.match(await run(t, gateway, `set -e -o pipefail\n${script}`), /Started the rotation of payments\/db in dev\n[^]*rotation +on/)
})

t.test('failOnError in a pipeline', async (t) => {
  const gateway = await build(t)
  t.match(JSON.parse(await run(t, gateway, exampleIn('docs/bulk.md', 'example: gate'))), { counts: { created: 1 } })
})

t.test('a policy and its test case', async (t) => {
  const folder = t.testdir({
    'payments.cedar': exampleIn('docs/authorization.md', 'example: policy'),
    'lock-out.cedar': exampleIn('docs/authorization.md', 'example: lock-out'),
    'payments.test.yaml': exampleIn('docs/authorization.md', 'example: case')
  })
  const { stdout } = await promisify(execFile)(secretsctl, ['policy', 'test', folder])
  t.match(stdout, /0 not$/m)
})

t.test('a manifest', async (t) => {
  const gateway = await build(t)
  const manifest = exampleIn('docs/secretsctl.md', 'example: manifest').replace('local-dev', 'dev-account')
  t.match(await run(t, gateway, `secretsctl apply -f - <<'END'\n${manifest}END\n`), /2 created/)
})

t.test('shell completion', async (t) => {
  const gateway = await build(t)
  t.match(await run(t, gateway, `${exampleIn('docs/secretsctl.md', 'example: completion')}complete -p secretsctl`), /secretsctl$/m)
})

t.test('the embedded backend with rotation functions', async (t) => {
  t.match(await startBackend(t, exampleIn('docs/embedded-backend.md', 'example: rotation')), /^http/)
})

t.test('the embedded backend with a role, and a gateway that uses it', async (t) => {
  // The stand-in for npm changes the working folder, as npm does.
  const url = await startBackend(t, exampleIn('docs/credentials.md', 'example: roles'), (text) => text.replaceAll(/(\w[\w-]*\.json)(?=[ ,\n])/g, '"$CWD"/$1'))
  const { environments, credentials, aws } = parse(exampleIn('docs/credentials.md', 'example: gateway with the role'))
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' })
  t.teardown(() => { for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) Reflect.deleteProperty(process.env, name) })
  t.same(aws, { endpoint: 'http://127.0.0.1:4566' }, 'the port of `npm run local-backend`')
  const authorization = policies('@id("all") permit (principal, action, resource);')
  const gateway = await build(t, { environments, credentials, authorization, aws: { endpoint: url } })
  t.equal((await gateway.send('PUT', '/environments/prod/secrets/a', { json: { value: 'v' } })).status, 201)
  t.match(await gateway.send('POST', '/credentials/prod/verify'), { status: 200, json: { account: '111122223333' } })
})

t.test('teams and their policies on the embedded backend', async (t) => {
  const url = await startBackend(t, 'npm run local-backend -- --memory')
  const { environments, credentials, authentication, aws } = parse(exampleIn('docs/embedded-backend.md', 'example: teams'))
  t.same(aws, { endpoint: 'http://127.0.0.1:4566' }, 'the port of `npm run local-backend`')
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' })
  t.teardown(() => { for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) Reflect.deleteProperty(process.env, name) })
  const [me, app] = authentication.apiKeys
  Object.assign(me, { hash: hashToken(tokens.administrator) })
  Object.assign(app, { hash: hashToken(tokens.team) })
  const statusesWith = async (...examples: [page: string, example: string][]): Promise<number[]> => {
    const text = examples.map(([page, example]) => exampleIn(page, `example: ${example}`)).join('')
    const gateway = await build(t, { environments, credentials, authentication, authorization: policies(text), aws: { endpoint: url } })
    const statuses = []
    for (const env of ['dev', 'prod']) {
      await gateway.send('PUT', `/environments/${env}/secrets/a`, { json: { value: 'v' } })
      statuses.push((await gateway.send('GET', `/environments/${env}/secrets/a`, { token: tokens.team })).status)
    }
    return statuses
  }
  const teams: [string, string] = ['docs/embedded-backend.md', 'policies of teams']
  t.same(await statusesWith(teams), [200, 200])
  t.same(await statusesWith(teams, ['docs/authorization.md', 'lock-out']), [200, 404], 'the team is locked out of prod')
})

const hasBotocore = spawnSync('python3', ['-c', 'import botocore']).status === 0

t.test('the login with an AWS identity', { skip: hasBotocore ? false : 'botocore is not installed' }, async (t) => {
  const identities = [{ account: '333333333333', groups: ['administrators'] }]
  const gateway = await build(t, { authentication: { ...declared.authentication, aws: { serverId: 'secrets.example.com', regions: ['eu-west-1'], identities } } })
  const { host } = new URL(gateway.fastify.config.current.aws.endpoint ?? '')
  const script = exampleIn('docs/authentication.md', 'example: login')
    .replace('https://secrets.example.com', gateway.url).replace('sts.eu-west-1.amazonaws.com', host)
  const env = { ...process.env, AWS_ACCESS_KEY_ID: 'AKIAPLATFORM', AWS_SECRET_ACCESS_KEY: 'AKIAPLATFORM-secret' }
  const { stdout } = await promisify(execFile)('python3', ['-c', `${script}\nprint(token)`], { env })
  t.equal((await gateway.send('GET', '/environments', { token: stdout.trim() })).status, 200)
})
