import t from 'tap'
import { build, tokens } from '../helper.ts'

t.test('each request is one line, without its URL, its token or a value', async (t) => {
  const gateway = await build(t)
  gateway.log.length = 0
  const canary = 'canary-value-4711'
  await gateway.send('PUT', `/environments/dev/secrets/${canary}`, { json: { value: canary }, headers: { 'x-request-id': 'r1' } })
  await gateway.send('GET', `/environments/dev/secrets/a?versionStage=${canary}`)
  t.equal(gateway.log.length, 2)
  t.match(JSON.parse(gateway.log[0] ?? ''), {
    requestId: 'r1',
    request: { method: 'PUT', route: '/environments/:env/secrets/:name', caller: 'administrator', environment: 'dev', credential: 'dev-account' },
    reply: { status: 201, milliseconds: Number }
  })
  t.match(JSON.parse(gateway.log[1] ?? ''), { reply: { status: 404, problem: 'secret-not-found', awsError: 'ResourceNotFoundException' } })
  t.notMatch(gateway.log.join(''), canary)
  t.notMatch(gateway.log.join(''), tokens.administrator)
})
