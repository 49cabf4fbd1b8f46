import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { build, declared, tokens } from '#test/helper'
import { secretsctl, type Outcome, type Setting } from '#test/secretsctl'

t.test('create, read, update, list, versions, rollback, tag, delete, restore', async (t) => {
  const gateway = await build(t)
  const ctl = async (args: string, setting?: Setting): Promise<Outcome> => secretsctl(gateway, args.split(' '), setting)
  const folder = t.testdir({ 'db.json': '{"username":"app","password":"one"}\n', empty: '' })
  writeFileSync(join(folder, 'binary'), Buffer.from([0xff, 0, 1]))

  t.match(await ctl(`create payments/db --env dev --from-file ${folder}/db.json --description Database --tag team=a --tag tier=b`), {
    status: 0, stdout: /^Created payments\/db in dev, version [\w-]+\n$/, stderr: ''
  })
  t.match((await gateway.send('GET', '/environments/dev/secrets/payments%2Fdb/metadata')).json, { description: 'Database', tags: { team: 'a', tier: 'b' } })
  t.match(await ctl('read payments/db --env dev --value'), { status: 0, stdout: '{"username":"app","password":"one"}\n', stderr: '' }, 'a file is stored unchanged')
  t.match(await ctl('--env dev read payments/db --field password --value'), { status: 0, stdout: 'one' })
  t.match(await secretsctl(gateway, ['read', 'payments/db', '--env', 'dev', '--field', '']), { status: 2, stdout: '', stderr: /must not be empty/ })
  t.match(await ctl('read payments/db --env dev'), { stdout: /name: {10}payments\/db\n[\s\S]*value: {9}\{"username"/ })
  t.match(JSON.parse((await ctl('read payments/db --env dev --json')).stdout), { name: 'payments/db', value: '{"username":"app","password":"one"}\n' })

  for (const options of ['', ' --json']) {
    const { stdout } = await ctl(`read payments/db --env dev${options}`, { isTerminal: true })
    t.match(stdout, /\*{8}/)
    t.notMatch(stdout, /app/, 'a terminal does not show the value')
  }
  t.match(await ctl('read payments/db --env dev --field password --value', { isTerminal: true }), { stdout: 'one\n' })

  t.match(await ctl(`create binary --env dev --from-file ${folder}/binary`), { status: 0 })
  t.match((await gateway.send('GET', '/environments/dev/secrets/binary')).json, { encoding: 'base64', value: Buffer.from([0xff, 0, 1]).toString('base64') })
  t.equal((await ctl('read binary --env dev --value')).stdout, Buffer.from([0xff, 0, 1]).toString())

  const first = (await gateway.send('GET', '/environments/dev/secrets/payments%2Fdb')).json.versionId
  for (const [input, value] of [['two\n', 'two'], ['three\r\n', 'three'], ['a\nb\n', 'a\nb\n'], ['four', 'four']] as const) {
    t.match(await ctl('update payments/db - --env dev', { stdin: input }), { status: 0, stdout: /^Updated payments\/db/, stderr: '' })
    t.equal((await ctl('read payments/db --env dev --value')).stdout, value)
  }
  t.match(await ctl('update payments/db four --env dev'), { status: 0, stdout: 'payments/db in dev already has that value\n', stderr: /^Warning: other users/ })
  t.match(await ctl(`update payments/db - --env dev --if-version ${first}`, { stdin: 'x' }), { status: 1, stderr: /\(precondition-failed, request [\w-]+\)\n$/ })
  t.match(await ctl('update nothing - --env dev', { stdin: 'x' }), { status: 1, stdout: '' }, 'update creates no secret')

  t.match(await ctl('versions payments/db --env dev'), { status: 0, stdout: /^VERSION +STAGES +CREATED\n[\s\S]*AWSCURRENT/ })
  t.match(JSON.parse((await ctl('versions payments/db --env dev --json')).stdout).items, [{}, {}])
  t.match(await ctl('rollback payments/db --env dev'), { status: 0, stdout: /^Rolled back payments\/db in dev to version [\w-]+\n$/ })
  t.equal((await ctl('read payments/db --env dev --value')).stdout, 'a\nb\n')
  const previous = (await gateway.send('GET', '/environments/dev/secrets/payments%2Fdb?versionStage=AWSPREVIOUS')).json.versionId
  t.equal((await ctl('read payments/db --env dev --value --stage AWSPREVIOUS')).stdout, 'four')
  t.equal((await ctl(`read payments/db --env dev --value --version ${previous}`)).stdout, 'four')
  t.match(await ctl(`rollback payments/db --env dev --to ${previous}`), { status: 0 })
  t.equal((await ctl('read payments/db --env dev --value')).stdout, 'four')

  t.match(await ctl('tag payments/db owner=me a=b=c --remove tier --remove team --env dev'), { status: 0, stdout: 'payments/db in dev: 2 tags set, 2 removed\n' })
  t.strictSame((await gateway.send('GET', '/environments/dev/secrets/payments%2Fdb/metadata')).json.tags, { owner: 'me', a: 'b=c' })
  t.match(await ctl('tag payments/db single=1 --env dev'), { status: 0, stdout: 'payments/db in dev: 1 tag set, 0 removed\n' })
  t.strictSame((await gateway.send('GET', '/environments/dev/secrets/payments%2Fdb/metadata')).json.tags, { owner: 'me', a: 'b=c', single: '1' })
  t.match(await ctl('rotate payments/db --env dev'), { status: 1, stderr: /request/ }, 'no rotation is set up')

  t.match(await ctl('list --env dev'), { status: 0, stdout: /^NAME +STATE +CHANGED +DESCRIPTION\nbinary +active .*\npayments\/db +active .*Database\n$/ })
  t.match(await ctl('list --env dev', { isTerminal: true }), { stdout: /\u001b\[1m/ })
  t.match(JSON.parse((await ctl('list --env dev --prefix pay --json')).stdout).items, [{ name: 'payments/db' }])

  t.match(await ctl('delete payments/db --env dev'), { status: 2, stderr: /--yes/ })
  t.match(await ctl('delete payments/db --env dev', { isTerminal: true, stdin: 'n\n' }), { status: 1, stderr: /Delete payments\/db in dev\? \[y\/N\] [\s\S]*Nothing was deleted/ })
  t.match(await ctl('delete payments/db --env dev', { isTerminal: true, stdin: '\u0003' }), { status: 130, stderr: /\[y\/N\] [^\n]*\nNothing was sent\n$/ })
  t.match(await ctl('list --env dev --prefix payments/ --json'), { stdout: /payments\/db/ })
  const deleted = await ctl('delete payments/db --env dev --recovery-days 7', { isTerminal: true, stdin: 'y\n' })
  t.match(deleted, { status: 0, stdout: /^Deleted payments\/db in dev\. It can be restored until \d{4}-.*: secretsctl restore payments\/db --env dev\n$/ })
  t.match(await ctl('list --env dev --deleted'), { stdout: /payments\/db +pending-deletion/ })
  t.match(await ctl('list --env dev --deleted', { isTerminal: true }), { stdout: /\u001b\[31mpending-deletion/ })
  t.match(await ctl('restore payments/db --env dev'), { status: 0, stdout: 'Restored payments/db in dev\n' })
  t.match(await ctl('delete payments/db --env dev --force', { isTerminal: true, stdin: 'yes\n' }), { status: 0, stdout: 'Deleted payments/db in dev permanently\n', stderr: /permanently\?/ })
  t.match(await ctl('delete binary --env dev --yes --json'), { status: 0, stdout: /"deletionDate"/ })
})

t.test('create checks the value against a type', async (t) => {
  const gateway = await build(t)
  const create = async (type: string, stdin: string): Promise<Outcome> => secretsctl(gateway, ['create', type, '-', '--env', 'dev', '--type', type], { stdin })
  t.match(await create('rds', '{"engine":"mysql","host":"h","username":"u","port":0}'), {
    status: 1, stderr: /\n {2}\/value\/password: must be there, as the type rds asks for\n {2}\/value\/port: must be a TCP port, 1 to 65535\nCorrect what is named above/
  })
  t.match(await create('rds', '{"engine":"mysql","host":"h","username":"u","password":"p"}'), { status: 0 })
  t.match(await create('key-value', '{"a":1}'), { status: 1, stderr: '/value/a: must be a string' })
  t.match(await create('binary', 'only text'), { status: 0 })
  t.match((await gateway.send('GET', '/environments/dev/secrets/binary')).json, { value: Buffer.from('only text').toString('base64'), encoding: 'base64' })
  t.match(await create('oracle', 'x'), { status: 2, stderr: /Allowed choices are rds, documentdb, redshift, database, key-value, text, binary/ })
})

t.test('the prompt does not echo the value', async (t) => {
  const gateway = await build(t)
  t.match(await secretsctl(gateway, ['create', 'a', '--env', 'dev'], { isTerminal: true, stdin: 'typed\n' }), {
    status: 0, stderr: 'Value (not shown): \n'
  })
  t.equal((await gateway.send('GET', '/environments/dev/secrets/a')).json.value, 'typed')
})

t.test('a rotation', async (t) => {
  const gateway = await build(t)
  await secretsctl(gateway, ['create', 'a', '-', '--env', 'dev'], { stdin: 'x' })
  const rotation = { lambdaArn: 'arn:aws:lambda:eu-west-1:111111111111:function:rotator', automaticallyAfterDays: 30, rotateImmediately: false }
  t.match(await gateway.send('PUT', '/environments/dev/secrets/a/rotation', { json: rotation }), { status: 200 })
  // Configuring a rotation makes AWS test the rotation function. `rotateDue` resolves when that test has ended.
  await gateway.rotateDue()
  t.match(await secretsctl(gateway, ['rotate', 'a', '--env', 'dev']), { status: 0, stdout: /^Started the rotation of a in dev\nUntil it has succeeded, "secretsctl versions a --env dev" shows AWSPENDING at the version [0-9a-f-]{36}\n/ })
  await gateway.rotateDue()
  t.not((await gateway.send('GET', '/environments/dev/secrets/a')).json.value, 'x')

  const failing = { lambdaArn: rotation.lambdaArn.replace('rotator', 'failing') }
  await gateway.send('PUT', '/environments/dev/secrets/a/rotation', { json: failing })
  await gateway.rotateDue()
  t.match(await secretsctl(gateway, ['versions', 'a', '--env', 'dev']), { status: 0, stdout: /AWSPENDING +has no value yet/ })
  t.match(await secretsctl(gateway, ['rotate', 'a', '--env', 'dev']), { status: 1, stderr: /has begun and has not finished/ })
  t.match(await secretsctl(gateway, ['rotate', 'a', '--env', 'dev', '--discard-pending']), { status: 2, stderr: /needs --stop/ })
  t.match(await secretsctl(gateway, ['rotate', 'a', '--env', 'dev', '--stop', '--discard-pending']), {
    status: 0, stdout: 'Stopped the rotation of a in dev\n'
  })
  t.match(await secretsctl(gateway, ['rotate', 'a', '--env', 'dev']), { status: 0, stdout: 'Started the rotation of a in dev\n' })
  await gateway.rotateDue()

  await gateway.send('POST', '/environments/dev/secrets/empty', { json: {} })
  await gateway.send('PUT', '/environments/dev/secrets/empty/rotation', { json: { ...rotation, lambdaArn: failing.lambdaArn } })
  await gateway.rotateDue()
  t.match(await secretsctl(gateway, ['rotate', 'empty', '--env', 'dev']), { status: 0, stdout: /^Started .*\n.*\nWarning: The secret has no value/ })
})

t.test('a rotation is set up', async (t) => {
  const gateway = await build(t)
  await secretsctl(gateway, ['create', 'a', '-', '--env', 'dev'], { stdin: 'x' })
  const rotate = async (...options: string[]): Promise<Outcome> => secretsctl(gateway, ['rotate', 'a', '--env', 'dev', ...options])
  const rotation = async (): Promise<object> => (await gateway.send('GET', '/environments/dev/secrets/a/metadata')).json.rotation
  const lambdaArn = 'arn:aws:lambda:eu-west-1:111111111111:function:rotator'
  t.match(await rotate('--function', lambdaArn, '--days', '30'), { status: 0, stdout: /^Started the rotation of a in dev\n/ })
  await gateway.rotateDue()
  t.match(await rotation(), { enabled: true, lambdaArn, automaticallyAfterDays: 30, pendingVersionId: undefined })
  t.not((await gateway.send('GET', '/environments/dev/secrets/a')).json.value, 'x', 'it has been rotated')
  t.match(await rotate('--schedule', 'rate(10 days)'), { status: 0 })
  await gateway.rotateDue()
  t.match(await rotation(), { lambdaArn, scheduleExpression: 'rate(10 days)' }, 'the function stays')
  t.match(await rotate('--schedule', 'rate(10 days)', '--days', '1'), { status: 2, stderr: /cannot be used with option '--days/ })
  t.match(await rotate('--stop', '--days', '1'), { status: 2, stderr: /cannot be used with option '--days/ })
  t.match(await rotate('--days', '0'), { status: 2, stderr: /whole number of days from 1 to 1000/ })
})

t.test('refuses wrong usage before anything is sent', async (t) => {
  const gateway = await build(t)
  const folder = t.testdir({ empty: '' })
  for (const [args, message, setting] of [
    [['create', '', 'x', '--env', 'dev'], /A name must not be empty/],
    [['read', '..', '--env', 'dev'], /not a valid secret name/],
    [['read', 'a', '--env', '..'], /not a valid environment name/],
    [['run', '--env', 'dev', '--prefix', 'a', '--watch', '90000', '--', 'x'], /number of seconds from 1 to 86400/],
    [['export', '--env', 'dev', '--prefix', 'a', '--format', 'kubernetes', '--name', 'Bad_Name'], /lower-case letters/],
    [['create', 'a', '', '--env', 'dev'], /The value is empty/],
    [['create', 'a', '-', '--env', 'dev'], /The value is empty/],
    [['create', 'a', '-', '--env', 'dev'], /The value is empty/, { stdin: '\n' }],
    [['create', 'a', '--env', 'dev'], /The value is empty/, { isTerminal: true, stdin: '\n' }],
    [['create', 'a', '--from-file', `${folder}/empty`, '--env', 'dev'], /The value is empty/],
    [['update', 'a', '--env', 'dev'], /No value/],
    [['create', 'a', 'x', '--from-file', 'f', '--env', 'dev'], /Specify either a value or --from-file/],
    [['create', 'a', 'x', '--env', 'dev', '--tag', 'x'], /KEY=VALUE/],
    [['create', 'a', 'x', '--env', 'dev', '--tag', 'x=1', '--tag', 'x=2'], /x is given twice/],
    [['tag', 'a', '--env', 'dev'], /Specify a tag to set or to remove/],
    [['delete', 'a', '--env', 'dev', '--recovery-days', 'many'], /Must be a whole number of days/],
    [['list'], /Specify an environment/],
    [['list', '--env', 'dev', '--url', 'ftp://a'], /^'ftp:\/\/a' is not an HTTP URL\. Specify the gateway with --url or /],
    [['list', '--env', 'dev'], /^No gateway is chosen\. Log in once with: secretsctl login/, { env: { SECRETS_GATEWAY_URL: '' } }],
    [['list', '--env', 'dev', '--token', 'a b'], /^SECRETS_GATEWAY_TOKEN or --token is not a token/]
  ] as const) {
    const outcome = await secretsctl(gateway, args, setting)
    t.match(outcome, { status: args[0] === 'run' ? 125 : 2, stdout: '', stderr: message }, args.join(' '))
  }
  t.match(await secretsctl(gateway, ['create', 'a', '--from-file', `${folder}/none`, '--env', 'dev']), { status: 1, stderr: /none can't be read: no such file or directory/ })
  t.equal(gateway.awsCalls.length, 0)
})

t.test('reports the gateway\'s problems', async (t) => {
  const gateway = await build(t)
  t.match(await secretsctl(gateway, ['read', 'a', '--env', 'dev']), { status: 1, stdout: '', stderr: /^There is no such secret\nCheck the name\. The secrets are listed by: secretsctl list --env dev\n\(secret-not-found, request [\w-]+\)\n$/ })
  t.match(await secretsctl(gateway, ['list', '--env', 'dev'], { token: tokens.expired }), { status: 1, stderr: /\(unauthenticated,/ })
  t.match(await secretsctl(gateway, ['create', 'a b', 'x', '--env', 'dev']), { status: 1, stderr: /\n {2}\/name: / })
  // Nothing listens on port 2. The test can't use port 1, because `fetch` blocks it and would not try to connect.
  t.match(await secretsctl({ url: 'http://127.0.0.1:2' }, ['list', '--env', 'dev']), { status: 1, stderr: /^http:\/\/127\.0\.0\.1:2 does not answer: ECONNREFUSED\nCheck that the gateway runs, and that its URL is right: http:\/\/127\.0\.0\.1:2 comes from SECRETS_GATEWAY_URL\n$/ })
})

t.test('delete --detach-replicas, and the warnings of restore, create and apply', async (t) => {
  const dev = { ...declared.environments.dev, tags: { team: 'a' }, kmsKeyId: 'alias/k', replicaRegions: ['eu-central-1'] }
  const gateway = await build(t, { environments: { ...declared.environments, dev } })
  const ctl = async (args: string, setting?: Setting): Promise<Outcome> => secretsctl(gateway, args.split(' '), setting)
  await gateway.send('POST', '/environments/dev/secrets/a', { json: { value: 'v', kmsKeyId: 'alias/other' } })
  t.match(await ctl('delete a --env dev --yes'), { status: 1, stderr: /To delete its replicas first: secretsctl delete a --env dev --detach-replicas\n\(secret-has-replicas/ })
  const deleted = await ctl('delete a --env dev --detach-replicas', { isTerminal: true, stdin: 'y\n' })
  t.match(deleted, { status: 0, stdout: /^Deleted a in dev\./, stderr: /Delete a in dev, and its replicas permanently\? / })

  const warning = 'Possibly the KMS key is not that of the environment.'
  t.match(await ctl('restore a --env dev'), { status: 0, stdout: 'Restored a in dev\n', stderr: `Warning: ${warning}\n` })
  const json = await ctl('restore a --env dev --json')
  t.same([JSON.parse(json.stdout).warnings, json.stderr], [[warning], ''])
  t.match(await ctl('create key-AbCdEf - --env dev', { stdin: 'v' }), { status: 0, stdout: /^Created/, stderr: /^Warning: The name ends in a hyphen and six characters/ })

  await gateway.send('DELETE', '/environments/dev/secrets/a?detachReplicas=true')
  const applied = await ctl('apply -f - --env dev', { stdin: 'restore: true\nsecretNames: [a]\n' })
  t.match(applied, { status: 0, stdout: new RegExp(`^restored +a +${warning}$`, 'm') })
})
