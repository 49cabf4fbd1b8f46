import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import {
  CreateSecretCommand, DescribeSecretCommand, GetRandomPasswordCommand, GetSecretValueCommand, ListSecretsCommand, RotateSecretCommand
} from '@aws-sdk/client-secrets-manager'
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import t from 'tap'
import { parse } from 'yaml'
import { account, clientOf, main, otherAccount } from './backend.ts'
import { fixture } from './rotator.ts'
import { keysIn } from './sts/world.ts'

interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

function run (...options: string[]): { child: ChildProcess, ended: Promise<Ended> } {
  const child = spawn(process.execPath, [main, ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
    .then(([[code], stdout, stderr]) => ({ code: code as number | null, stdout, stderr }))
  return { child, ended }
}

async function urlOf (child: ChildProcess): Promise<string> {
  const [chunk] = await once(child.stdout ?? child, 'data') as [Buffer]
  return /http:\S+:\d+/.exec(String(chunk))?.[0] ?? ''
}

await t.test('it prints one line, serves the given accounts, and keeps its data across runs', async (t) => {
  const dataDir = join(t.testdir({}), 'data')
  const options = ['--port', '0', '--data-dir', dataDir,
    ...[account, otherAccount].flatMap((one) => ['--account', `${one.accountId}=${one.accessKeyId}:${one.secretAccessKey}`])]
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { child, ended } = run(...options)
    const url = await urlOf(child)
    const client = clientOf(t, { url })
    if (signal === 'SIGTERM') await client.send(new CreateSecretCommand({ Name: 'kept', SecretString: 'v' }))
    t.match(await client.send(new GetSecretValueCommand({ SecretId: 'kept' })), { SecretString: 'v' })
    t.strictSame((await clientOf(t, { url }, otherAccount).send(new ListSecretsCommand())).SecretList, [])
    child.kill(signal)
    const { code, stdout, stderr } = await ended
    t.equal(code, 0, signal)
    t.equal(stdout, `AWS Secrets Manager (embedded) listens on ${url}, data in ${dataDir}\n`)
    t.equal(stderr, '')
    t.notOk(existsSync(join(dataDir, 'secrets.sqlite-wal')), 'the database was closed')
  }
})

await t.test('in memory, with the default account', async (t) => {
  const { child, ended } = run('--port', '0', '--memory')
  const url = await urlOf(child)
  const made = await clientOf(t, { url }, { accountId: '', accessKeyId: 'test', secretAccessKey: 'test' })
    .send(new CreateSecretCommand({ Name: 'n', SecretString: 'v' }))
  t.match(made.ARN, /:123456789012:secret:n-/)
  child.kill()
  t.match(await ended, { code: 0, stdout: /, in memory\nAccess key .* 123456789012: AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test\n$/ })
})

await t.test('the command in deploy/compose.yaml lets other containers connect', async (t) => {
  const compose = parse(readFileSync(join(import.meta.dirname, '../../../deploy/compose.yaml'), 'utf8')) as { services: Record<string, { command: string[] }> }
  const [file, ...options] = compose.services['secrets-manager']?.command ?? []
  t.equal(file, 'dist/src/local-backend/main.js')
  t.ok(options.includes('4566'))
  const { child, ended } = run(...options.map((option) => option === '4566' ? '0' : option))
  t.match(await urlOf(child), /^http:\/\/0\.0\.0\.0:\d+$/)
  child.kill()
  t.match(await ended, { code: 0 })
})

await t.test('throttling', async (t) => {
  const { child, ended } = run('--port', '0', '--memory', '--throttle')
  const client = clientOf(t, { url: await urlOf(child) }, { accountId: '', accessKeyId: 'test', secretAccessKey: 'test' })
  const started = performance.now()
  const sent = await Promise.allSettled(Array.from({ length: 200 }, (_, index) => client.send(new CreateSecretCommand({ Name: `n${index}` }))))
  const made = sent.filter(({ status }) => status === 'fulfilled').length
  t.ok(made >= 50 && made <= 50 * Math.ceil((performance.now() - started) / 1000), `${made} were made`)
  child.kill()
  t.match(await ended, { code: 0 })
})

await t.test('realistic delays', async (t) => {
  const { child, ended } = run('--port', '0', '--memory', '--realistic', 'seed')
  const client = clientOf(t, { url: await urlOf(child) }, { accountId: '', accessKeyId: 'test', secretAccessKey: 'test' })
  const failures = new Set<unknown>()
  for (let count = 0; count < 10; count++) {
    await client.send(new CreateSecretCommand({ Name: `n${count}`, SecretString: 'v' })).catch(() => undefined)
    await client.send(new GetSecretValueCommand({ SecretId: `n${count}` })).catch((error: unknown) => failures.add(String(error)))
  }
  t.ok(failures.has('ResourceNotFoundException: Secrets Manager can\'t find the specified secret.'))
  child.kill()
  t.match(await ended, { code: 0, stdout: /, in memory\n/ })
})

await t.test('declared KMS keys', async (t) => {
  const [one, two] = ['11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222']
  const { child, ended } = run('--port', '0', '--memory', '--kms-key', `123456789012:${one}=alias/a,alias/b`, '--kms-key', `123456789012:${two}`)
  const client = clientOf(t, { url: await urlOf(child) }, { accountId: '', accessKeyId: 'test', secretAccessKey: 'test' })
  for (const [index, KmsKeyId] of ['alias/a', 'alias/b', two].entries()) {
    t.match(await client.send(new CreateSecretCommand({ Name: `n${index}`, SecretString: 'v', KmsKeyId })), { Name: `n${index}` })
  }
  await t.rejects(client.send(new CreateSecretCommand({ Name: 'n', KmsKeyId: 'alias/c' })), { name: 'InvalidParameterException' })
  child.kill()
  t.match(await ended, { code: 0 })
  t.match(await run('--kms-key', '123456789012:mine').ended, { code: 1, stderr: /^The KMS key mine of the account 123456789012 must have a UUID/ })
})

await t.test('a KMS key that other accounts may use', async (t) => {
  const [one, two] = ['11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222']
  const others = ['210987654321', '333333333333']
  const { child, ended } = run(
    '--port', '0', '--memory', '--account', '123456789012=test:test', ...others.flatMap((id) => ['--account', `${id}=of-${id}:key`]),
    '--kms-key', `123456789012:${one}=alias/shared@${others.join(',')}`, '--kms-key', `123456789012:${two}@210987654321`
  )
  const url = await urlOf(child)
  const create = (accountId: string, keyId: string) =>
    clientOf(t, { url }, { accountId, accessKeyId: `of-${accountId}`, secretAccessKey: 'key' }).send(new CreateSecretCommand({
      Name: keyId, SecretString: 'v', KmsKeyId: `arn:aws:kms:eu-west-1:123456789012:key/${keyId}`
    }))
  for (const accountId of others) t.match(await create(accountId, one), { Name: one })
  t.match(await create('210987654321', two), { Name: two })
  await t.rejects(create('333333333333', two), { name: 'AccessDeniedException', message: 'Access to KMS is not allowed' })
  child.kill()
  t.match(await ended, { code: 0 })
})

await t.test('identity policies', async (t) => {
  const allow = (Action: string) => JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action, Resource: '*' } })
  const dir = t.testdir({ create: allow('secretsmanager:CreateSecret'), describe: allow('secretsmanager:DescribeSecret'), bad: allow('all') })
  const accounts = ['--account', '123456789012=ADMIN:a', '--account', '123456789012=LIMITED:l']
  const policies = (...files: string[]) => files.flatMap((file) => ['--identity-policy', `LIMITED=${join(dir, file)}`])
  const { child, ended } = run('--port', '0', '--memory', ...accounts, ...policies('create', 'describe'))
  const url = await urlOf(child)
  const keys = (accessKeyId: string, secretAccessKey: string) => clientOf(t, { url }, { accountId: '', accessKeyId, secretAccessKey })
  t.match(await keys('LIMITED', 'l').send(new CreateSecretCommand({ Name: 'n', SecretString: 'v' })), { Name: 'n' })
  t.match(await keys('LIMITED', 'l').send(new DescribeSecretCommand({ SecretId: 'n' })), { Name: 'n' })
  await t.rejects(keys('LIMITED', 'l').send(new GetSecretValueCommand({ SecretId: 'n' })), {
    name: 'AccessDeniedException', message: /^User: arn:aws:iam::123456789012:user\/LIMITED is not authorized/
  })
  t.match(await keys('ADMIN', 'a').send(new GetSecretValueCommand({ SecretId: 'n' })), { SecretString: 'v' })
  child.kill()
  t.match(await ended, { code: 0 })

  t.match(await run('--memory', ...accounts, ...policies('create', 'bad')).ended, {
    code: 1, stderr: 'The identity policy of the access key LIMITED is malformed: Statement.Action has an invalid value: all\n'
  })
  t.match(await run('--memory', ...accounts, ...policies('none')).ended, {
    code: 1, stderr: /^The identity policy of the access key LIMITED can't be read \(.*ENOENT.*\)\n$/
  })
  t.match(await run('--memory', ...policies('create')).ended, {
    code: 2, stderr: /^--identity-policy names the access key ID LIMITED, which no --account has\n/
  })
})

await t.test('a rotation function, of whose failure only the step and the error name are printed', async (t) => {
  const { child, ended } = run('--port', '0', '--memory', '--rotation-function', `rotator=${fixture('misbehaving.ts')}`)
  const client = clientOf(t, { url: await urlOf(child) }, { accountId: '', accessKeyId: 'test', secretAccessKey: 'test' })
  const { ARN = '' } = await client.send(new CreateSecretCommand({ Name: 'throws', SecretString: 'v' }))
  await client.send(new RotateSecretCommand({ SecretId: ARN, RotationLambdaARN: 'arn:aws:lambda:us-east-1:123456789012:function:rotator' }))
  await once(child.stderr ?? child, 'data')
  child.kill()
  t.match(await ended, { code: 0, stderr: `The rotation of ${ARN} has failed in createSecret: RangeError\n`, stdout: /^AWS.*\nAccess key.*\n$/ })
})

await t.test('roles and identity providers', async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const statement = (more: object): string => JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', ...more } })
  const dir = t.testdir({
    'keys.json': JSON.stringify({ keys: [await exportJWK(publicKey)] }),
    'trust.json': statement({ Principal: { Federated: 'arn:aws:iam::123456789012:oidc-provider/idp.example.com' }, Action: 'sts:AssumeRoleWithWebIdentity' }),
    'list.json': statement({ Action: 'secretsmanager:ListSecrets', Resource: '*' }),
    'random.json': statement({ Action: 'secretsmanager:GetRandomPassword', Resource: '*' })
  })
  const RoleArn = 'arn:aws:iam::123456789012:role/web'
  const { child, ended } = run('--port', '0', '--memory',
    '--role', `${RoleArn}=${['trust', 'list', 'random'].map((name) => join(dir, `${name}.json`)).join(',')}`,
    '--identity-provider', `https://idp.example.com=${join(dir, 'keys.json')},one,other`)
  const url = await urlOf(child)
  const sts = new STSClient({ endpoint: url, region: 'eu-west-1' })
  t.teardown(() => { sts.destroy() })
  const WebIdentityToken = await new SignJWT().setProtectedHeader({ alg: 'RS256' }).setIssuer('https://idp.example.com').setAudience('other')
    .setSubject('a').setIssuedAt().setExpirationTime('1h').sign(privateKey)
  const { Credentials } = await sts.send(new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: 'ada', WebIdentityToken }))
  const session = clientOf(t, { url }, { accountId: '', ...keysIn({ Credentials }) })
  t.strictSame((await session.send(new ListSecretsCommand())).SecretList, [])
  t.equal((await session.send(new GetRandomPasswordCommand())).RandomPassword?.length, 32)
  await t.rejects(session.send(new CreateSecretCommand({ Name: 'n' })), { name: 'AccessDeniedException' })
  child.kill()
  t.match(await ended, { code: 0 })
  const unreadable = await run('--role', `${RoleArn}=nowhere.json`).ended
  t.match(unreadable, { code: 1, stderr: /^The policy nowhere\.json of the role \S+ can't be read \(Error: ENOENT.*\n$/ })
})

await t.test('help and wrong usage', async (t) => {
  t.match(await run('--help').ended, { code: 0, stdout: /^Usage: .*--account/s, stderr: '' })
  const wrong: [string[], RegExp][] = [
    [['--unknown'], /unknown/], [['stray'], /stray/], [['--port'], /--port/], [['--port', 'x'], /--port must be a number from 0 to 65535, not 'x'/],
    [['--port', '65536'], /--port/], [['--account', 'nonsense:hidden'], /^--account must be ID=ACCESSKEY:SECRETKEY/],
    [['--identity-policy', 'KEY:hidden=file'], /^--identity-policy must be ACCESSKEY=FILE/],
    [['--role', 'reader=trust.json'], /^--role must be ARN=TRUST/], [['--identity-provider', 'idp=keys.json'], /^--identity-provider must be ISSUER=KEYS/],
    [['--rotation-function', 'rotator'], /^--rotation-function must be NAME=LOCATION, with the name or ARN of a Lambda function, and a URL or a file/],
    [['--rotation-function', 'r=http://a', '--rotation-function', 'r=http://b'], /^--rotation-function names r twice/],
    [['--realistic', 'seed'], /^--realistic requires --memory/],
    [['--kms-key', 'alias/mine'], /^--kms-key must be ID:KEYID/],
    [['--kms-key', '123456789012:11111111-1111-1111-1111-111111111111@everyone'], /^--kms-key must be ID:KEYID.*@ID/]
  ]
  for (const [options, message] of wrong) {
    const { code, stdout, stderr } = await run(...options).ended
    t.equal(code, 2, options.join(' '))
    t.match(stderr, message)
    t.match(stderr, /Usage: /)
    t.notMatch(stderr, /hidden/)
    t.equal(stdout, '')
  }
})

await t.test('if it can\'t start, it prints one line that names the error', async (t) => {
  const dir = t.testdir({ without: { 'secrets.sqlite': '' }, file: '', damaged: { 'secrets.sqlite': 'x'.repeat(4096), 'master.key': 'k'.repeat(32) } })
  for (const name of ['without', 'damaged']) chmodSync(join(dir, name), 0o700)
  chmodSync(join(dir, 'damaged', 'master.key'), 0o600)
  const wrong: [string, RegExp][] = [
    ['without', /^The master key \S+ is missing, .*\n$/],
    ['file', /^The data folder \S+file can't be created \(.*EEXIST.*\)\. Name another folder, or remove what is in its way\.\n$/],
    ['file/below', /^The data folder \S+below can't be created \(.*ENOTDIR.*\n$/],
    ['damaged', /^The database \S+secrets\.sqlite can't be used: file is not a database\. If it is damaged, put a saved copy back, or .*\n$/]
  ]
  for (const [name, message] of wrong) {
    const { code, stderr } = await run('--data-dir', join(dir, name)).ended
    t.equal(code, 1, name)
    t.match(stderr, message, name)
  }
})
