import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { commandNames, secretsctl, secretsctlProgram, type Outcome } from '#test/secretsctl'

/** Text that would set the terminal's title, clear the screen, change colours, reorder and hide text, and begin new lines. */
const hostile = 'a\u001b]0;title\u0007b\u001b[2Jc\u009b31md\u0085e\u202ef\u2066g\u200bh\u2028i\u2029j\ufeffk\u00adl\u{e0041}m\rn\no\tp\u007fq\u0008r\u001b7'

/** `hostile`, with two more characters that a gateway's reply can contain, but a command's argument can't. */
const hostileReply = `${hostile}\u0000s\ud800t`

const counts = { created: 1, updated: 0, restored: 0, unchanged: 0, skipped: 0, failed: 1, rolledBack: 0, notStarted: 0, [hostileReply]: 1 }
const problem = {
  type: hostileReply, title: hostileReply, detail: hostileReply, status: 400, instance: hostileReply, code: hostileReply, requestId: hostileReply,
  errors: [{ in: hostileReply, pointer: hostileReply, message: hostileReply }]
}
const secret = {
  name: hostileReply, arn: hostileReply, state: hostileReply, description: hostileReply, lastChangedDate: hostileReply, deletionDate: hostileReply, versionId: hostileReply,
  versionStages: [hostileReply], createdDate: hostileReply, value: hostileReply, encoding: 'text', tags: { [hostileReply]: hostileReply }
}

/** Replies with hostile text. The first pattern that matches the end of a request's path determines the reply. */
const replies: readonly [RegExp, object][] = [
  [/^\/auth$/, { oidc: [{ name: hostileReply, issuer: hostileReply, clientId: hostileReply, scope: hostileReply, tokenType: 'access_token', parameters: {} }] }],
  [/^\/auth\/caller$/, { id: hostileReply, groups: [hostileReply], method: hostileReply }],
  [/^\/environments$/, { items: [{ name: hostileReply, region: hostileReply, account: hostileReply, allowedCredentials: [], deletionProtection: true, namePrefix: '', recoveryWindowInDays: 7, replicaRegions: [], requiredSecrets: [], tags: {} }] }],
  [/^\/auth\/aws\/credentials$/, { AccessKeyId: hostile, SecretAccessKey: hostile, Token: hostile, Expiration: hostile }],
  [/\/posture$/, { items: [{ name: hostileReply, state: hostileReply, rules: [{ rule: hostileReply, status: hostileReply, detail: hostileReply }] }] }],
  [/\/consistency$/, { environments: ['dev', 'staging'], items: [{ name: hostileReply, differs: true, environments: { dev: { state: hostileReply, required: true }, staging: { state: 'present', required: false } } }] }],
  [/\/promotions$/, { dryRun: false, from: hostileReply, counts, items: [{ name: hostileReply, result: hostileReply, problem }] }],
  [/\/refused\/values$/, { items: [{ name: hostileReply, problem }] }],
  [/\/values$/, { items: [{ name: hostileReply, secret: { ...secret, name: `p/${hostileReply}`, value: hostile } }] }],
  [/\/(?:secrets|versions)$/, { items: [secret] }],
  [/$/, secret]
]

const bulk = [{ name: 'a', result: hostileReply, problem }, { summary: { dryRun: false, counts, stopped: hostileReply } }]

/** Starts a server that imitates a gateway and sends hostile text, either in the documented replies or in problems. */
async function lyingGateway (t: Test, answer: (request: IncomingMessage) => { status: number, body: object }): Promise<{ url: string }> {
  const server = createServer((request, response) => {
    const isStream = request.headers.accept === 'application/x-ndjson'
    const { status, body } = answer(request)
    response.writeHead(status, { 'content-type': isStream && status === 200 ? 'application/x-ndjson' : 'application/json', 'x-request-id': 'r' })
    response.end(isStream && status === 200 ? bulk.map((line) => `${JSON.stringify(line)}\n`).join('') : JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const pathOf = ({ url = '' }: IncomingMessage): string => url.replace(/\?.*/, '')
const documented = (request: IncomingMessage): { status: number, body: object } =>
  ({ status: 200, body: replies.find(([path]) => path.test(pathOf(request)))?.[1] ?? {} })

const dev = ['--env', 'dev'] as const
const withPrefix = ['--prefix', 'p/', ...dev] as const

/** Command lines whose output contains hostile text, keyed by command. */
const rows = (folder: string): Record<string, readonly (readonly string[])[]> => ({
  login: [['login', '--url', hostile], ['login', '--issuer', hostile]],
  logout: [['logout', '--profile', hostile]],
  whoami: [['whoami'], ['whoami', '--profile', hostile]],
  envs: [['envs']],
  profiles: [['profiles', `--${hostile}`]],
  use: [['use', hostile]],
  version: [['version', hostile, `--${hostile}`]],
  create: [['create', hostile, 'x', ...dev]],
  read: [['read', 'a', ...dev], ['read', 'a', ...dev, `--${hostile}`]],
  update: [['update', hostile, 'x', ...dev], ['update', 'a', '--from-file', hostile, ...dev]],
  delete: [['delete', hostile, '--yes', ...dev], ['delete', 'a', '--recovery-days', hostile, ...dev]],
  list: [['list', ...dev], ['list', ...dev, '--url', hostile]],
  describe: [['describe', 'a', ...dev]],
  versions: [['versions', 'a', ...dev]],
  rollback: [['rollback', hostile, ...dev]],
  restore: [['restore', hostile, ...dev]],
  rotate: [['rotate', hostile, ...dev]],
  tag: [['tag', hostile, 'a=b', ...dev], ['tag', 'a', hostile, ...dev]],
  apply: [['apply', '-f', join(folder, 'good.yaml'), ...dev], ['apply', '-f', join(folder, 'bad.yaml'), ...dev], ['apply', '-f', hostile, ...dev]],
  edit: [['edit', `--${hostile}`, ...dev]],
  import: [['import', hostile, ...dev], ['import', join(folder, 'hostile.json'), '--yes', ...dev], ['import', join(folder, 'bad.yaml'), '--yes', ...dev]],
  diff: [['diff', 'dev', 'staging', '--values'], ['diff', hostile, 'dev']],
  promote: [['promote', 'a', '--from', hostile, '--to', 'dev'], ['promote', '--missing', '--from', 'staging', '--to', 'dev']],
  run: [
    ['run', ...withPrefix, '--', hostile], ['run', '--prefix', 'p/', '--env', 'refused', '--', 'x'],
    ['run', '--map', hostile, ...dev, '--', 'x']
  ],
  export: [
    ['export', '--format', 'dotenv', ...withPrefix], ['export', '--format', 'json', ...withPrefix], ['export', '--format', 'yaml', ...withPrefix],
    ['export', '--format', hostile, ...withPrefix], ['export', '--format', 'json', '--prefix', 'p/', '--env', 'refused']
  ],
  'aws-credentials': [['aws-credentials'], ['aws-credentials', '--url', hostile]],
  local: [['local', '--', '--port', hostile], ['local', '--', `--${hostile}`]],
  'keys create': [['keys', 'create', hostile]],
  'config check': [['config', 'check', join(folder, hostile)], ['config', 'check', join(folder, 'config.yaml')]],
  'policy check': [['policy', 'check', join(folder, hostile)], ['policy', 'check', join(folder, 'none', hostile)]],
  'policy test': [['policy', 'test', join(folder, hostile)], ['policy', 'test', join(folder, 'cases')]],
  'audit verify': [['audit', 'verify', join(folder, hostile)], ['audit', 'verify', '--known', hostile, 'x']],
  posture: [['posture', ...dev], ['posture', ...dev, '--all'], ['posture', ...dev, '--rule', hostile, '--prefix', hostile]],
  'audit search': [
    ['audit', 'search', join(folder, hostile)], ['audit', 'search', 'x', '--since', hostile], ['audit', 'search', 'x', '--action', hostile],
    ['audit', 'search', join(folder, 'trail.jsonl')], ['audit', 'search', join(folder, 'trail.jsonl'), '--csv'], ['audit', 'search', join(folder, 'trail.jsonl'), '--json']
  ],
  'iam-policy': [
    ['iam-policy', '--config', join(folder, hostile), '--environment', 'dev'], ['iam-policy', '--config', join(folder, 'config.yaml'), '--environment', hostile],
    ['iam-policy', '--config', 'x', '--environment', 'dev', '--actions', hostile, '--rotation-function', hostile]
  ],
  doctor: [
    ['doctor', join(folder, hostile)], ['doctor', join(folder, 'config.yaml'), '--environment', 'dev'], ['doctor', 'x', '--actions', hostile]
  ],
  completion: [['completion', hostile]]
})

/** Command lines that print values for programs: unchanged in a pipe, and with escapes at a terminal. */
const raw: readonly (readonly string[])[] = [
  ['read', 'a', '--value', ...dev], ['read', 'a', '--value', '--env', 'bytes'], ['export', '--format', 'shell', ...withPrefix]
]

/** Formats a test's title in ASCII. If a title contained a Unicode line separator, the test runner would lose the assertion. */
const titleOf = (value: unknown): string => JSON.stringify(value).replace(/[^ -~]/g, '?')

/** Asserts that text has no control or format characters except line breaks and, at a terminal, the program's own sequences. */
function assertHarmless (t: Test, { stdout, stderr }: Pick<Outcome, 'stdout' | 'stderr'>, isTerminal: boolean, title: string): void {
  for (const output of [stdout, stderr]) {
    const own = isTerminal ? output.replace(/\u001b\[\d+m|\r(?=\[[#.]{20}\])/g, '') : output
    t.same(titleOf(/.{0,40}(?:(?!\n)[\p{C}\p{Zl}\p{Zp}])/su.exec(own)?.[0] ?? 'harmless'), '"harmless"', title)
  }
}

const folderOf = (t: Test): string => {
  const folder = t.testdir({
    'good.yaml': 'secretNames: [a]',
    'bad.yaml': JSON.stringify({ kind: hostile }),
    'hostile.json': JSON.stringify({ [hostile]: 'a' }),
    'config.yaml': JSON.stringify({ [hostile]: 1, environments: { [hostile]: 1 } }),
    'trail.jsonl': `{"sequence":1,"time":"2026-12-01T00:00:00Z","event":"outcome","caller":{"id":${JSON.stringify(hostile)}},"name":${JSON.stringify(hostile)},"reason":${JSON.stringify(hostile)},"previous":"${'0'.repeat(64)}","hash":"${'0'.repeat(64)}"}\n`,
    cases: { 'a.cedar': '@id("a") permit (principal, action, resource);' }
  })
  writeFileSync(join(folder, 'cases', 'a.test.yaml'), JSON.stringify([{ title: hostile, caller: { id: 'a' }, actions: ['GetSecretValue'], environment: 'dev', name: 'a', credential: 'c', expect: 'deny' }]))
  return folder
}

t.test('every command has a row', async (t) => {
  t.same(Object.keys(rows('')).sort(), (await commandNames()).commands.sort())
})

for (const { answers, answer } of [
  { answers: 'replies', answer: documented },
  { answers: 'problems', answer: () => ({ status: 400, body: problem }) }
]) {
  for (const isTerminal of [false, true]) {
    t.test(`no command passes on control characters from ${answers}, ${isTerminal ? 'at a terminal' : 'in a pipe'}`, async (t) => {
      const gateway = await lyingGateway(t, answer)
      for (const [command, lines] of Object.entries(rows(folderOf(t)))) {
        for (const args of lines) {
          const title = titleOf(args)
          const plain = await secretsctl(gateway, args, { isTerminal })
          const end = args.indexOf('--')
          const json = await secretsctl(gateway, end === -1 ? [...args, '--json'] : args.toSpliced(end, 0, '--json'), { isTerminal })
          for (const outcome of [plain, json]) assertHarmless(t, outcome, isTerminal, title)
          t.ok(/\\(?:u001b|e)\]0;/.test(plain.stdout + plain.stderr), `${command}: ${title} shows the escapes`)
        }
      }
      for (const args of raw) {
        const outcome = await secretsctl(gateway, args, { isTerminal })
        if (isTerminal || answers === 'problems') assertHarmless(t, outcome, isTerminal, titleOf(args))
      }
    })
  }
}

t.test('JSON keeps its meaning', async (t) => {
  const gateway = await lyingGateway(t, documented)
  t.same(JSON.parse((await secretsctl(gateway, ['list', '--json', ...dev])).stdout), { items: [secret] })
  t.same(JSON.parse((await secretsctl(gateway, ['read', 'a', '--json', ...dev])).stdout), secret)
})

t.test('values for programs are unchanged, and escaped for a terminal only', async (t) => {
  const bytes = Buffer.from([0xff, 0x1b])
  const values: Partial<Record<string, object>> = {
    '/environments/dev/secrets/a': { ...secret, value: hostile },
    '/environments/dev/secrets/lines': { ...secret, value: 'one\ntwo\n' },
    '/environments/dev/secrets/bytes': { ...secret, value: bytes.toString('base64'), encoding: 'base64' }
  }
  const gateway = await lyingGateway(t, (request) => ({ status: 200, body: values[pathOf(request)] ?? documented(request).body }))
  const read = async (name: string, isTerminal: boolean): Promise<Outcome> => secretsctl(gateway, ['read', name, '--value', ...dev], { isTerminal })
  t.same(await read('a', false), { status: 0, stdout: hostile, stderr: '' })
  t.match(await read('a', true), { stdout: /^a\\u001b\]0;title\\u0007b.*\\rn\no\\tp.*\n$/, stderr: 'Control characters are shown as escapes: write to a file or a pipe to get them unchanged\n' })
  t.same(await read('lines', true), { status: 0, stdout: 'one\ntwo\n', stderr: '' })
  t.match(await read('bytes', true), { stdout: '\ufffd\\u001b\n', stderr: /^This is binary/ })
  const shell = ['export', '--format', 'shell', ...withPrefix]
  t.match((await secretsctl(gateway, shell)).stdout, `='${hostile}'\n`)
  t.match(await secretsctl(gateway, shell, { isTerminal: true }), { stdout: /='a\\u001b\]0;/, stderr: /^Control characters/ })
})

t.test('a separate process', async (t) => {
  const gateway = await lyingGateway(t, (request) => pathOf(request).endsWith('/versions') ? { status: 200, body: { items: [{ versionId: { [hostile]: 1 } }] } } : documented(request))
  const refused = await secretsctlProgram(gateway, ['versions', 'a', ...dev])
  t.match(refused, { status: 1, stdout: '', stderr: /^The reply from http:\/\/\S+ is not that of a secrets gateway: it has JSON without a valid \/items\/0\/versionId$/m })
  assertHarmless(t, refused, false, 'a member of another type')
  for (const args of [['complete', '--', hostile], ['complete', '--', 'keys', hostile], ['completion', hostile]]) {
    assertHarmless(t, await secretsctlProgram(gateway, args, { withoutCoverage: true }), false, titleOf(args))
  }
})
