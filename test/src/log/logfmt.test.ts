import t from 'tap'
import { inFormat, logfmt } from '#src/log/logfmt'

t.test('a line in logfmt has the names and values of the JSON', async (t) => {
  const line = { level: 'info', time: '2026-12-01T12:00:00.000Z', request: { method: 'GET', route: '/environments/:env' }, reply: { status: 200, aborted: true, list: [1, 'a'], none: null }, msg: 'a request' }
  t.equal(logfmt(`${JSON.stringify(line)}\n`), 'level=info time=2026-12-01T12:00:00.000Z request.method=GET request.route=/environments/:env reply.status=200 reply.aborted=true reply.list=[1,"a"] reply.none=null msg="a request"\n')
})

t.test('text from others can\'t imitate a member or a line, or control a terminal', async (t) => {
  t.equal(logfmt(JSON.stringify({ a: 'x b=1', c: 'x\nlevel=error', d: '\u001b[2J\u009b\u202e', e: 'say "x"', f: '' })),
    'a="x b=1" c="x\\nlevel=error" d="\\u001b[2J\\u009b\\u202e" e="say \\"x\\"" f=""\n')
})

t.test('JSON is written unchanged', async (t) => {
  const lines: string[] = []
  const destination = { write (line: string) { lines.push(line) } }
  t.equal(inFormat('json', destination), destination)
  inFormat('logfmt', destination).write('{"a":1}\n')
  t.same(lines, ['a=1\n'])
})
