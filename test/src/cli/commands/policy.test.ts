import { Readable, Writable } from 'node:stream'
import t from 'tap'
import { run } from '#src/cli/program'

const policy = '@id("reads") permit (principal in Group::"readers", action in Action::"read", resource in Environment::"dev");\n'
const one = '- { title: reads, caller: { id: a, groups: [readers] }, actions: [GetSecretValue], environment: dev, name: a, credential: c, expect: allow }\n'

async function secretsctl (...args: string[]): Promise<{ status: number, out: string, err: string }> {
  const written = { out: '', err: '' }
  const into = (name: 'out' | 'err'): Writable => new Writable({
    write (chunk: Buffer, _encoding, done) {
      written[name] += chunk.toString()
      done()
    }
  })
  const status = await run(args, { stdin: Readable.from([]), stdout: into('out'), stderr: into('err'), env: {} })
  return { status, ...written }
}

t.test('secretsctl policy check', async (t) => {
  const folder = t.testdir({ 'a.cedar': policy })
  t.same(await secretsctl('policy', 'check', folder), { status: 0, out: `${folder}/a.cedar:1: reads\n1 policy, all valid\n`, err: '' })
  const { out } = await secretsctl('policy', 'check', folder, '--json')
  t.same(JSON.parse(out), { valid: true, policies: [{ id: 'reads', file: `${folder}/a.cedar`, line: 1 }] })

  const bad = t.testdir({ 'a.cedar': `\n${policy.replace('"read"', '"reads"')}` })
  t.match(await secretsctl('policy', 'check', bad), { status: 1, out: '', err: `${bad}/a.cedar:2: unrecognized action` })
  t.match(await secretsctl('policy', 'check', `${bad}/none`), { status: 1, err: 'ENOENT' })
  t.match(await secretsctl('policy', 'check', t.testdir({ 'a.txt': policy })), { status: 1, out: '', err: /has no policies: it has no \*\.cedar files/ })
  t.match(await secretsctl('policy', 'check'), { status: 2 })
})

t.test('secretsctl policy test', async (t) => {
  const folder = t.testdir({ 'a.cedar': policy, 'a.test.yaml': one })
  t.same(await secretsctl('policy', 'test', folder), { status: 0, out: `ok      ${folder}/a.test.yaml: reads: allow GetSecretValue\n1 as expected, 0 not\n`, err: '' })
  const { out } = await secretsctl('policy', 'test', folder, '--json')
  t.match(JSON.parse(out), { passed: 1, failed: 0, results: [{ title: 'reads', decision: { allowed: true, policies: ['reads'] } }] })

  const wrong = t.testdir({ 'a.cedar': policy, 'a.test.yaml': one + one.replace('allow', 'deny') })
  t.match(await secretsctl('policy', 'test', wrong), {
    status: 1,
    out: /not ok .*: reads: deny GetSecretValue: the answer is allow, by reads\n1 as expected, 1 not\n$/,
    err: 'The policies do not decide as the test cases expect\n'
  })
  t.match(await secretsctl('policy', 'test', t.testdir({ 'a.cedar': policy })), { status: 1, err: /^There are no cases in / })
  t.match(await secretsctl('policy', 'test', t.testdir({ 'a.cedar': policy, 'a.test.yaml': 'x: 1' })), { status: 1, err: /a\.test\.yaml:1: must be array/ })
  t.match(await secretsctl('policy', 'test', t.testdir({ 'a.cedar': policy, 'a.test.yaml': '# nothing' })), { status: 1, err: /a\.test\.yaml:1: must be array/ })
  t.match(await secretsctl('policy', 'test', t.testdir({ 'a.cedar': 'nonsense', 'a.test.yaml': one })), { status: 1, err: /a\.cedar:1: / })
})
