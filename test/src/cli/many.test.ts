import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { parseEnv } from 'node:util'
import t from 'tap'
import { parse } from 'yaml'
import { build, policies, tokens, type Gateway } from '#test/helper'
import { secretsctl, type Outcome, type Setting } from '#test/secretsctl'

const put = async (gateway: Gateway, env: string, secrets: Record<string, string | object>): Promise<void> => {
  const items = Object.entries(secrets).map(([name, value]) => ({ name, value }))
  await gateway.send('POST', `/environments/${env}/secrets`, { json: { secrets: items } })
}

const versionsOf = async (gateway: Gateway, env: string): Promise<unknown[]> => {
  const { items } = (await gateway.send('GET', `/environments/${env}/secrets`)).json
  return items.map(({ name, versions }: { name: string, versions: object }) => [name, versions])
}

t.test('apply: shows the plan, then applies it; a second run changes nothing', async (t) => {
  const gateway = await build(t)
  const folder = t.testdir({
    'secrets.yaml': 'secrets:\n- name: payments/db\n  value: { password: canary }\n- name: session-key\n  generate: { passwordLength: 20 }\nsecretNames: [api-key]\n',
    'manifest.yaml': 'apiVersion: aws.planton.dev/v1\nkind: AwsSecretsManager\nmetadata: { name: app }\nspec:\n  awsCredentialId: dev-account\n  environmentInfo: { envId: dev }\n  stackJobSettings: { stackJobRunnerId: runner, jobTimeout: 3600 }\n  secretNames: [api-key, queue-url]\n',
    'plan.json': '{"dryRun":true,"secretNames":["nothing"]}',
    'update.yaml': 'onConflict: update\nsecrets: [{ name: session-key, value: new }]',
    'fail.yaml': 'onConflict: fail\nsecretNames: [session-key, another]',
    'breaks-off.yaml': 'atomic: true\nsettings: { concurrency: 1 }\nsecrets: [{ name: x }, { name: y, kmsKeyId: alias/none, value: v }, { name: z }]',
    'whole.yaml': 'atomic: true\nsecretNames: [p, q, r]',
    'atomic.yaml': 'onConflict: fail\natomic: true\nsecretNames: [session-key, another-one]'
  })
  const apply = async (file: string, args: readonly string[] = ['--env', 'dev'], setting?: Setting): Promise<Outcome> =>
    secretsctl(gateway, ['apply', '-f', join(folder, file), ...args], setting)

  const plan = await apply('secrets.yaml', ['--env', 'dev', '--dry-run'])
  t.match(plan, { status: 0, stdout: /^PLAN +NAME\ncreate +payments\/db\ncreate +session-key\ncreate +api-key\n3 to create\n$/, stderr: '' })
  t.same(await versionsOf(gateway, 'dev'), [], 'a plan writes nothing')

  const first = await apply('secrets.yaml', ['--env', 'dev'], { isTerminal: true })
  t.match(first, { status: 0, stdout: /PLAN[\s\S]*RESULT[\s\S]*3 created\n$/, stderr: /\r\[#{6}\.{14}\] 1 of 3\r[\s\S]*\r\[#{20}\] 3 of 3\n$/ })
  t.notMatch(first.stdout + first.stderr, /canary/)
  const after = await versionsOf(gateway, 'dev')
  t.equal(after.length, 3)

  t.match(await apply('secrets.yaml'), { status: 0, stdout: /^PLAN +NAME\nskip +payments\/db +has this value already\n[\s\S]*3 to skip\n$/, stderr: '' })
  t.notMatch((await apply('secrets.yaml')).stdout, /RESULT/)
  t.same(await versionsOf(gateway, 'dev'), after, 'no new versions')

  t.match(await apply('manifest.yaml', []), { status: 0, stdout: /created +queue-url[\s\S]*1 created, 1 skipped\n$/ })
  t.match(await apply('manifest.yaml', []), { status: 0, stdout: /2 to skip\n$/ })
  t.match(await apply('manifest.yaml', ['--env', 'prod']), { status: 2, stderr: 'The file is for dev, but --env is prod\n' })

  t.match(await apply('plan.json'), { status: 0, stdout: /^PLAN[\s\S]*1 to create/ })
  t.match(await apply('update.yaml', ['--env', 'dev', '--json']), { status: 0 })
  t.equal((await gateway.send('GET', '/environments/dev/secrets/session-key')).json.value, 'new')
  const updated = await versionsOf(gateway, 'dev')
  t.match(await apply('update.yaml'), { status: 0, stdout: /^PLAN[\s\S]*1 to skip\n$/ })
  t.same(await versionsOf(gateway, 'dev'), updated, 'no new versions, even if the file asks to overwrite')
  t.match(await apply('fail.yaml'), { status: 1, stdout: /failed +session-key +\S/, stderr: /^1 of 2 failed\nTo leave secrets that exist as they are, add --on-conflict skip; to change them, --on-conflict update\nCorrect the cause/ })
  t.match(await apply('atomic.yaml'), { status: 1, stderr: /of 2/ })
  t.match(await apply('breaks-off.yaml', ['--env', 'staging'], { isTerminal: true }), { status: 1, stderr: /2 of 3\n3 of 3 failed\nCorrect the cause/ }, 'the line of the progress bar is ended')
  const atomic = await apply('whole.yaml', ['--env', 'staging'], { isTerminal: true })
  t.match(atomic, { status: 0, stdout: /3 created/, stderr: /\r\[#{6}\.{14}\] 1 of 3\r[\s\S]*\r\[#{20}\] 3 of 3\n$/ })
  t.match(await secretsctl(gateway, ['apply', '-f', '-', '--env', 'staging'], { stdin: 'secretNames: [a]' }), { status: 0, stdout: /1 created/ })
  t.match(await secretsctl(gateway, ['apply', '-f', '-', '--env', 'staging'], { stdin: 'secretNames: []' }), { status: 1, stderr: /\(invalid-request/ })
})

t.test('a mistake in one of many secrets names the secret', async (t) => {
  const gateway = await build(t)
  const apply = async (stdin: string): Promise<string> => {
    const { status, stderr } = await secretsctl(gateway, ['apply', '-f', '-', '--env', 'dev'], { stdin })
    t.equal(status, 1, stdin)
    return stderr
  }
  const database = '{ name: payments/db, type: rds, value: { engine: mysql, username: app, password: canary, port: 0 } }'
  const types = await apply(`secrets:\n- { name: key, value: v }\n- ${database}`)
  t.match(types, '\n  payments/db: value/host: must be there, as the type rds asks for\n')
  t.match(types, '\n  payments/db: value/port: must be a TCP port')
  t.notMatch(types, /canary|secrets\/1/)
  t.match(await apply('secretNames: [key, a b]'), '\n  a b: must have the form of')
  t.match(await apply('secrets: [{ name: key, value: v }, { value: v }]'), '\n  /secrets/1', 'a secret without a name')
  t.match(await apply('secrets: key'), '\n  /secrets: must be array')
  const names = ['a b', 'key']
  t.match(await secretsctl(gateway, ['promote', ...names, '--from', 'dev', '--to', 'staging']), { status: 1, stderr: /\n {2}a b: must have the form of/ })
  const selected = names.flatMap((name) => ['--secret', name])
  t.match(await secretsctl(gateway, ['export', ...selected, '--env', 'dev', '-o', 'json']), { status: 1, stderr: /\n {2}a b: must have the form of/ })
})

t.test('apply: a truncated reply is an error', async (t) => {
  // Simulates a gateway that is killed while it replies.
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'x-request-id': 'r' })
    response.write('{"name":"a","result":"created"}\n', () => { response.destroy() })
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const outcome = await secretsctl({ url: `http://127.0.0.1:${port}` }, ['apply', '-f', '-', '--env', 'dev'], { stdin: 'secretNames: [a, b]' })
  t.same(outcome, { status: 1, stdout: '', stderr: 'The reply broke off after 1 of 2 secrets; run the command again\n' })
})

t.test('apply: a streamed reply that can\'t come from a gateway is refused at the first wrong line', async (t) => {
  const result = (name: string): string => `{"name":"${name}","result":"created"}\n`
  const counts = { created: 0, updated: 0, skipped: 0, restored: 0, failed: 0, rolledBack: 0, notStarted: 0 }
  const summary = { summary: { dryRun: true, counts } }
  const refused = async (...pieces: string[]): Promise<string> => {
    let isClosed = false
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson', 'x-request-id': 'r' })
      response.once('close', () => { isClosed = true })
      // Repeats the last piece until the client closes the connection.
      const write = (index: number): void => {
        response.write(pieces[Math.min(index, pieces.length - 1)], () => { if (!isClosed) setImmediate(() => { write(index + 1) }) })
      }
      write(0)
    }).listen(0, '127.0.0.1')
    t.teardown(() => { server.closeAllConnections(); server.close() })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { status, stdout, stderr } = await secretsctl({ url: `http://127.0.0.1:${port}` }, ['apply', '-f', '-', '--env', 'dev'], { stdin: 'secretNames: [a, b]', isTerminal: false })
    t.match([status, stdout], [1, ''])
    return stderr.replace('The reply is not that of a secrets gateway: it has ', '').replace(/\nCheck that the gateway runs[^]*$/, '')
  }
  t.equal(await refused('x'.repeat(10_000)), 'a line without an end')
  t.equal(await refused(result('a')), 'more results than secrets')
  t.equal(await refused('{"done":1}\n'), 'too many lines')
  t.equal(await refused('[]\n'), 'an unknown line')
  t.equal(await refused('{"other":1}\n'), 'an unknown line')
  t.equal(await refused('{"name":\n'), 'invalid JSON')
  t.equal(await refused('{"name":"a","result":7}\n'), 'no valid /result')
  t.equal(await refused('{"done":"all"}\n'), 'no valid /done')
  t.equal(await refused('{"summary":{"dryRun":true}}\n'), 'no valid /summary/counts')
  t.equal(await refused(`${JSON.stringify({ summary: { ...summary.summary, stopped: 1 } })}\n`), 'no valid /summary/stopped')
})

t.test('apply: impossible progress does not break the progress bar', async (t) => {
  const counts = { created: 0, updated: 0, skipped: 0, restored: 0, failed: 0, rolledBack: 0, notStarted: 0 }
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'x-request-id': 'r' })
    response.end(`{"done":1e308}\n{"done":-7}\n${JSON.stringify({ summary: { dryRun: true, counts } })}\n`)
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const folder = t.testdir({ 'a.yaml': 'secretNames: [a, b]' })
  const args = ['apply', '-f', join(folder, 'a.yaml'), '--env', 'dev', '--dry-run']
  const outcome = await secretsctl({ url: `http://127.0.0.1:${port}` }, args, { isTerminal: true })
  t.match(outcome, { status: 0, stderr: /\r\[#{20}\] 2 of 2\r\[\.{20}\] 0 of 2/ })
})

t.test('apply: one key of an object can be generated', async (t) => {
  const gateway = await build(t)
  const stdin = 'secrets:\n- name: db\n  type: key-value\n  value: { user: app }\n  generate: { into: password, passwordLength: 20 }\n'
  t.match(await secretsctl(gateway, ['apply', '-f', '-', '--env', 'dev'], { stdin }), { status: 0, stdout: /created +db/ })
  t.match((await gateway.send('GET', '/environments/dev/secrets/db?field=password')).json.value, /^.{20}$/)
  t.match(await secretsctl(gateway, ['apply', '-f', '-', '--env', 'dev'], { stdin }), { status: 0, stdout: /1 to skip/ })
})

t.test('apply: sends numbers exactly as the file has them', async (t) => {
  const gateway = await build(t)
  const apply = async (stdin: string): Promise<Outcome> => secretsctl(gateway, ['apply', '-f', '-', '--env', 'dev'], { stdin })
  t.match(await apply('secrets: [{ name: a, value: { n: 12345678901234567890, f: 1.10, list: [&zero -0.0, *zero], port: 8080, 8080: key, 2.50: key } }]'), { status: 0 })
  t.equal((await gateway.send('GET', '/environments/dev/secrets/a')).json.value, '{"8080":"key","n":12345678901234567890,"f":1.10,"list":[-0.0,-0.0],"port":8080,"2.50":"key"}')

  await gateway.send('PUT', '/environments/dev/secrets/exact', { json: { value: '{"n":12345678901234567890,"f":1.10}' } })
  t.match(await secretsctl(gateway, ['export', '--format', 'shell', '--env', 'dev', '--map', 'N=exact#n', '--map', 'F=exact#f']), {
    stdout: 'export N=\'12345678901234567890\'\nexport F=\'1.10\'\n'
  })
})

t.test('apply: refuses invalid files', async (t) => {
  const gateway = await build(t)
  const bomb = `a: &a [x, x]\n${Array.from('bcdefghi', (name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index] ?? ''}`).join(', ')}]\n`).join('')}`
  for (const [text, message] of [
    ['[a]', 'The file must contain an object'],
    ['a: canary: b', /^The file is not valid YAML: \w+ at line 1, column \d+\n$/],
    ['a: 1\na: 2', /DUPLICATE_KEY/],
    [bomb, /too many aliases/],
    ['kind: AwsRdsInstance\nspec: {}', 'A manifest must be of kind AwsSecretsManager, not "AwsRdsInstance"'],
    ['apiVersion: v1\nsecretNames: [a]', 'A manifest must be of kind AwsSecretsManager, not undefined'],
    ['kind: AwsSecretsManager', 'The manifest has no spec'],
    ['kind: AwsSecretsManager\nspec: { secretNames: [a], region: b }', /unknown fields: spec\.region/],
    ['kind: AwsSecretsManager\nspec: { secretNames: [a], stackJobSettings: 1 }', 'spec.stackJobSettings must be an object'],
    ['kind: AwsSecretsManager\nspec: { secretNames: [a], environmentInfo: {} }', /no spec\.environmentInfo\.envId/]
  ] as const) {
    const outcome = await secretsctl(gateway, ['apply', '-f', '-', '--env', 'dev'], { stdin: text })
    t.match(outcome, { status: 1, stdout: '', stderr: message }, text.slice(0, 40))
    t.notMatch(outcome.stderr, /canary/)
  }
  for (const [spec, message] of [['', /Specify an environment/], [', environmentInfo: { envId: "" }', /Specify an environment/], [', environmentInfo: { envId: ".." }', /not a valid environment name/]] as const) {
    t.match(await secretsctl(gateway, ['apply', '-f', '-'], { stdin: `kind: AwsSecretsManager\nspec: { secretNames: [a]${spec} }` }), { status: 2, stderr: message })
  }
  const wrong = await secretsctl(gateway, ['apply', '-f', '-', '--env', 'dev'], { stdin: `secretNames: [${Array(150).fill('a//b').join(', ')}]` })
  t.match(wrong, { status: 1, stderr: /\n(?: {2}a\/\/b: .*\n){100} {2}and possibly more\n/ }, 'the first 100 mistakes, and that there may be others')
  t.equal(gateway.awsCalls.length, 0)
})

t.test('diff and promote align three environments in two accounts', async (t) => {
  const gateway = await build(t)
  await put(gateway, 'dev', { 'payments/db': 'canary-1', 'session-key': 'canary-2', same: 'canary-3' })
  await put(gateway, 'staging', { 'payments/db': 'canary-4', same: 'canary-3' })
  await put(gateway, 'prod', { same: 'canary-3' })
  const outputs: string[] = []
  const ctl = async (args: string, setting?: Setting): Promise<Outcome> => {
    const outcome = await secretsctl(gateway, args.split(' '), setting)
    outputs.push(outcome.stdout, outcome.stderr)
    return outcome
  }
  const found = await ctl('diff dev staging prod --values')
  t.match(found, { status: 3, stderr: 'dev, staging, prod differ in 2 of 3 names\n' })
  t.match(found.stdout, /^NAME +DEV +STAGING +PROD\npayments\/db +present \w +present \w +missing!\nsession-key +present +missing +missing\n\(! required\)\n$/)
  t.match(await ctl('diff dev staging prod --all', { isTerminal: true }), { stdout: /same +present +present +present/ })
  t.match(JSON.parse((await ctl('diff dev prod --prefix session --json')).stdout), { differing: 1, items: [{ name: 'session-key' }] })
  t.match(await ctl('diff dev'), { status: 2, stderr: /at least two/ })

  t.match(await ctl('promote --from dev --to staging --missing --dry-run'), { status: 0, stdout: /^PLAN +NAME\ncreate +session-key\n1 to create\n$/ })
  t.match(await ctl('promote --from dev --to staging --missing'), { status: 0, stdout: /^RESULT[\s\S]*1 created\n$/ })
  t.match(await ctl('promote --from dev --to staging payments/db'), { status: 1, stdout: /failed +payments\/db/, stderr: /^1 of 1 failed\n.*--on-conflict skip.*--on-conflict update\n/ })
  t.match(await ctl('promote --from dev --to staging payments/db --on-conflict update'), { status: 0 })
  t.match(await ctl('promote --from dev --to prod --missing'), { status: 0, stdout: /2 created/ })
  t.match(await ctl('promote --from dev --to prod --missing'), { status: 0, stdout: /nothing to do/ })
  t.match(await ctl('diff dev staging prod --values'), { status: 0, stdout: '', stderr: 'dev, staging, prod agree in 3 names\n' })
  t.match(await ctl('promote --from dev --to prod'), { status: 2, stderr: /either by name or with --missing/ })
  t.match(await ctl('promote a --missing --from dev --to prod'), { status: 2 })
  t.notMatch(outputs.join('') + gateway.log.join(''), /canary-/)

  await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: ['placeholder'] } })
  t.match(await ctl('diff dev prod'), { status: 3, stdout: /placeholder +placeholder +missing/ })
  t.match(await ctl('promote --from dev --to prod --missing'), { status: 0, stdout: /created +placeholder/ })
  t.match(await ctl('diff dev,prod --values'), { status: 0, stderr: 'dev, prod agree in 4 names\n' }, 'two placeholders do not differ')

  const secretNames = Array.from({ length: 45 }, (_, index) => `many/${index}`)
  await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames } })
  const many = await ctl('promote --from dev --to prod --missing', { isTerminal: true })
  t.match(many, { status: 0, stdout: /45 created\n$/, stderr: '\r[########............] 20 of 45\r[#################...] 40 of 45\r[####################] 45 of 45\n' })
  t.match(await ctl('diff dev prod'), { status: 0 })
  t.match(await secretsctl(gateway, ['diff', 'dev', 'prod'], { token: tokens.team }), { status: 1, stderr: /\(not-found/ })
})

t.test('list, diff and promote warn about secrets whose names no path can contain', async (t) => {
  const gateway = await build(t)
  await put(gateway, 'dev', { a: 'v' })
  await put(gateway, 'prod', { 'payments/db': 'v' })
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/a//b', SecretString: 'v' })
  const ctl = async (args: string): Promise<Outcome> => secretsctl(gateway, args.split(' '))
  const warned = (where = ''): RegExp => new RegExp(`1 more${where}, with names that the gateway can't address`)
  t.match(await ctl('list --env dev'), { status: 0, stdout: /\na /, stderr: warned() })
  t.match(JSON.parse((await ctl('list --env dev --json')).stdout), { items: [{ name: 'a' }], unaddressable: 1 })
  t.match(await ctl('list --env prod'), { status: 0, stderr: '' })
  t.match(await ctl('diff dev prod'), { status: 3, stderr: warned(' in dev') })
  t.match(await ctl('promote --from dev --to prod --missing --dry-run'), { status: 0, stdout: /create +a\n/, stderr: warned(' in dev') })
  t.match(await ctl('promote --from dev --to prod --missing'), { status: 0, stdout: /created +a\n/, stderr: warned(' in dev') })
  t.match(await ctl('export --env dev --prefix a --map A=a --format dotenv'), { status: 0, stdout: 'A=', stderr: warned(' in dev') })
  t.match(await ctl('run --env dev --prefix a --map A=a -- true'), { status: 0, stderr: warned(' in dev') })
  t.match(await ctl('export --env dev --prefix a/ --format dotenv'), { status: 1, stderr: /begins with a\/, except 1 with names that the gateway can't address/ })
})

t.test('diff: a required secret that is missing everywhere has its own exit status', async (t) => {
  const gateway = await build(t)
  const outcome = await secretsctl(gateway, ['diff', 'dev', 'prod'])
  t.match(outcome, { status: 4, stdout: /payments\/db +missing +missing!\n\(! required\)/, stderr: 'dev, prod lack values of required secrets (1)\n' })
  t.match(await secretsctl(gateway, ['diff', 'dev', 'staging']), { status: 0 })
})

t.test('promote: secrets that were not started are an error', async (t) => {
  const reply = { dryRun: false, from: 'dev', counts: { created: 1, updated: 0, unchanged: 0, skipped: 0, failed: 0, notStarted: 1 }, items: [{ name: 'a', result: 'created' }, { name: 'b', result: 'not-started' }] }
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'r' }).end(JSON.stringify(reply))
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  t.match(await secretsctl({ url: `http://127.0.0.1:${port}` }, ['promote', 'a', 'b', '--from', 'dev', '--to', 'prod']), { status: 1, stderr: /^1 of 2 failed or were not started\n/ })
})

t.test('promote --missing skips a secret that an outdated list did not show', async (t) => {
  const counts = { created: 0, updated: 0, unchanged: 0, skipped: 1, failed: 0, notStarted: 0 }
  const bodies: unknown[] = []
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      bodies.push(await json(request))
      const dryRun = bodies.length === 1
      response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'r' })
      response.end(JSON.stringify({ dryRun, from: 'dev', counts, items: [{ name: 'a', result: 'skipped' }] }))
    }
    void answer()
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  t.match(await secretsctl({ url: `http://127.0.0.1:${port}` }, ['promote', '--missing', '--from', 'dev', '--to', 'prod']), { status: 0, stdout: /skipped +a/ })
  t.match(bodies, [{ missing: true, dryRun: true }, { names: ['a'], onConflict: 'skip' }])
})

t.test('promote: reports completed batches if a later one fails', async (t) => {
  const names = Array.from({ length: 25 }, (_, index) => `n${index}`)
  const counts = { created: 20, updated: 0, unchanged: 0, skipped: 0, failed: 0, notStarted: 0 }
  const first = { dryRun: false, from: 'dev', counts, items: names.slice(0, 20).map((name) => ({ name, result: 'created' })) }
  let batches = 0
  // Simulates a gateway that is killed between two batches.
  const server = createServer((_, response) => {
    if (++batches > 1) response.destroy()
    else response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'r' }).end(JSON.stringify(first))
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  t.match(await secretsctl({ url: `http://127.0.0.1:${port}` }, ['promote', ...names, '--from', 'dev', '--to', 'prod']), { status: 1, stdout: /20 created\n$/, stderr: /does not answer/ })
})

t.test('diff: values that the caller may not compare do not count as equal', async (t) => {
  const gateway = await build(t, {
    authorization: policies('@id("all") permit (principal, action, resource); @id("not-this") forbid (principal, action == Action::"CompareValues", resource is Secret);')
  })
  await put(gateway, 'dev', { a: 'one' })
  await put(gateway, 'staging', { a: 'two' })
  t.match(await secretsctl(gateway, ['diff', 'dev', 'staging', '--values']), { status: 3, stdout: /a +present \? +present \?/ })
  t.match(await secretsctl(gateway, ['diff', 'dev', 'staging']), { status: 0 })
})

t.test('a secret may have the name of a member that every object inherits', async (t) => {
  const gateway = await build(t)
  await put(gateway, 'dev', { constructor: 'v' })
  for (const args of ['list --env dev', 'diff dev staging', 'promote constructor --from dev --to staging']) {
    t.match(await secretsctl(gateway, args.split(' '), { isTerminal: true }), { stdout: /constructor/ }, args)
  }
})

t.test('export: every format survives a round trip', async (t) => {
  const gateway = await build(t)
  const values = { 'app/plain': 'correct horse', 'app/quotes': 'it\'s $HOME "\\n" #', 'app/pem-key': 'line 1\nline 2\n', 'app/db': { user: 'app', port: 5432 } }
  await put(gateway, 'dev', values)
  const texts = { PLAIN: 'correct horse', QUOTES: 'it\'s $HOME "\\n" #', PEM_KEY: 'line 1\nline 2\n', DB: '{"user":"app","port":5432}' }
  const exported = async (...args: string[]): Promise<Outcome> => secretsctl(gateway, ['export', '--env', 'dev', ...args])
  const all = async (format: string): Promise<string> => (await exported('--prefix', 'app/', '--format', format)).stdout

  t.same(parseEnv((await exported('--map', 'USER=app/db#user', '--map', 'PORT=app/db#port', '--format', 'dotenv')).stdout), { USER: 'app', PORT: '5432' })
  t.same(JSON.parse(await all('json')), texts)
  t.same(parse(await all('yaml')), texts)
  const { data, ...manifest } = parse(await all('kubernetes'))
  t.same(manifest, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'secrets' }, type: 'Opaque' })
  t.same(Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString()])), texts)
  t.equal((await exported('--format', 'shell', '--secret', 'app/quotes')).stdout, 'export APP_QUOTES=\'it\'\\\'\'s $HOME "\\n" #\'\n')
  t.equal((await exported('--format', 'docker', '--map', 'A=app/db#user', '--map', 'B=app/db#port', '--secret', 'app/plain')).stdout, 'APP_PLAIN=correct horse\nA=app\nB=5432\n')
  t.same(JSON.parse((await exported('--format', 'json', '--json-keys', '--prefix', 'app/', '--map', 'C=app/plain')).stdout), {
    QUOTES: texts.QUOTES, PEM_KEY: texts.PEM_KEY, DB_USER: 'app', DB_PORT: '5432', C: texts.PLAIN
  })

  await put(gateway, 'dev', { 'clash/a-b': 'x', 'clash/a.b': 'y', 'digit/1': 'x' })
  await gateway.send('PUT', '/environments/dev/secrets/bytes', { json: { value: '/wA=', encoding: 'base64' } })
  await gateway.send('PUT', '/environments/dev/secrets/list', { json: { value: '["x"]' } })
  const json = Buffer.from('{"user":"é","hosts":["h"]}').toString('base64')
  await gateway.send('PUT', '/environments/dev/secrets/json-bytes', { json: { value: json, encoding: 'base64' } })
  t.same(JSON.parse((await exported('--format', 'json', '--json-keys', '--secret', 'json-bytes', '--map', 'H=json-bytes#/hosts/0', '--map', 'U=json-bytes#user')).stdout), {
    JSON_BYTES_HOSTS: '["h"]', H: 'h', U: 'é'
  })
  await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: ['empty/placeholder'] } })
  t.equal(parse((await exported('--format', 'kubernetes', '--secret', 'bytes', '--name', 'app')).stdout).data.BYTES, '/wA=')
  t.match(await secretsctl(gateway, ['run', '--env', 'dev', '--secret', 'bytes', '--', 'true']), { status: 125, stderr: 'bytes is binary, which a variable can\'t hold\n' })
  for (const [args, status, message] of [
    [['--format', 'docker', '--secret', 'app/pem-key'], 1, /several lines/],
    [['--format', 'dotenv', '--prefix', 'app/'], 1, /\n {2}PLAIN, from app\/plain, has characters .*\n[^]*\nFormats that can represent all values: json, yaml, shell, kubernetes\n$/],
    [['--format', 'json', '--secret', 'bytes'], 1, /\n {2}BYTES, from bytes, is binary\nFormats that can represent all values: kubernetes\n$/],
    [['--format', 'json', '--prefix', 'clash/'], 1, /would both become the variable A_B/],
    [['--format', 'json', '--prefix', 'digit/'], 1, /variable 1, which is not a valid name/],
    [['--format', 'json', '--secret', 'nothing'], 1, /^nothing: There is no such secret\n$/],
    [['--format', 'json', '--prefix', 'empty/'], 1, /^empty\/placeholder: /],
    [['--format', 'json', '--map', 'A=app/db#none'], 1, /^app\/db has no key none: the value is a JSON object without that key\n$/],
    [['--format', 'json', '--map', 'A=app/plain#x'], 1, /^app\/plain has no key x: the value is not JSON\n$/],
    [['--format', 'json', '--map', 'A=list#x'], 1, /^list has no key x: the value is JSON, but not an object\n$/],
    [['--format', 'json', '--map', 'A=bytes#x'], 1, /^bytes has no key x: the value is binary\n$/],
    [['--format', 'json', '--map', 'A=#x'], 2, /needs the name of a secret/],
    [['--format', 'json'], 2, /Specify the secrets/],
    [['--format', 'xml'], 2, /Allowed choices/],
    [[], 2, /--format/]
  ] as const) t.match(await exported(...args), { status, stdout: '', stderr: message }, args.join(' '))
})

t.test('export: in formats that become an environment, secrets can\'t choose names that change how programs run', async (t) => {
  const gateway = await build(t)
  await put(gateway, 'dev', { 'app/node-options': '--import data:text/javascript,x', 'app/path': '/evil', 'app/key': 'k', shared: { BASH_ENV: '/evil', user: 'u' } })
  const exported = async (format: string, ...args: string[]): Promise<Outcome> => secretsctl(gateway, ['export', '--env', 'dev', '--format', format, ...args])
  for (const format of ['dotenv', 'shell', 'docker', 'kubernetes']) {
    const { status, stdout, stderr } = await exported(format, '--prefix', 'app/')
    t.same([status, stdout], [1, ''], format)
    t.equal(stderr, `A secret may not choose these names for its variables:
  NODE_OPTIONS, from app/node-options: makes an interpreter or a virtual machine run other code
  PATH, from app/path: makes a shell run other code or other programs
To use them all the same, add:
  --map NODE_OPTIONS=app/node-options --map PATH=app/path
`, format)
    t.match(await exported(format, '--prefix', 'shared', '--json-keys'), { status: 1, stdout: '', stderr: /\n {2}BASH_ENV, from the key BASH_ENV of shared: makes a shell[^]*\n {2}--map BASH_ENV=shared#BASH_ENV\n$/ }, format)
  }
  for (const format of ['json', 'yaml']) t.match(await exported(format, '--prefix', 'app/'), { status: 0, stdout: /NODE_OPTIONS/ }, format)

  const chosen = await exported('docker', '--prefix', 'app/', '--map', 'NODE_OPTIONS=app/node-options', '--map', 'PATH=app/path')
  t.match(chosen, { status: 0, stdout: 'KEY=k\nNODE_OPTIONS=--import data:text/javascript,x\nPATH=/evil\n' }, 'the advice works')
  for (const selection of ['--prefix', '--secret']) {
    const { status, stdout } = await exported('docker', selection, 'shared', '--json-keys', '--map', 'BASH_ENV=shared#BASH_ENV')
    t.same([status, stdout], [0, selection === '--prefix' ? 'USER=u\nBASH_ENV=/evil\n' : 'SHARED_USER=u\nBASH_ENV=/evil\n'], `${selection}: the other keys stay`)
  }
  t.match(await exported('docker', '--secret', 'app/key', '--map', 'K=app/key'), { status: 0, stdout: 'K=k\n' }, 'a mapping replaces the name')

  await put(gateway, 'dev', { ld: { preload$x: 'v' } })
  t.match(await exported('shell', '--prefix', 'ld', '--json-keys', '--secret', 'ld'), { status: 1, stderr: /--map 'LD_PRELOAD_X=ld#preload\$x'/ }, 'the advice is quoted for a shell')
})
