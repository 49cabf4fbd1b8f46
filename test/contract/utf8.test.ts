import t from 'tap'
import { awsJson } from '#src/aws-endpoint/reply'
import { build } from '#test/helper'

/** Byte sequences that are not UTF-8. A lenient decoder would replace them with U+FFFD, so the stored value would be wrong. */
const invalid: Readonly<Record<string, readonly number[]>> = {
  'a byte that never occurs': [0xff],
  'a continuation byte alone': [0x80],
  'a sequence that is cut off': [0xe2, 0x82],
  'an overlong slash': [0xc0, 0xaf],
  'an encoded surrogate': [0xed, 0xa0, 0x80],
  'a character beyond U+10FFFF': [0xf4, 0x90, 0x80, 0x80],
  'Latin-1': [...Buffer.from('é', 'latin1')]
}

t.test('no route accepts a body that is not UTF-8', async (t) => {
  const gateway = await build(t)
  const { paths } = gateway.fastify.swagger() as { paths: Record<string, Record<string, { requestBody?: { content: object } }>> }
  const bodies = Object.entries(paths).flatMap(([pattern, operations]) => Object.entries(operations).flatMap(([method, { requestBody }]) =>
    Object.keys(requestBody?.content ?? {}).map((contentType) => ({ pattern, method: method.toUpperCase(), contentType }))))
  t.ok(bodies.length > 15)
  for (const { pattern, method, contentType } of bodies) {
    // AWS's own protocol has AWS's errors.
    const [target, json] = contentType === awsJson
      ? [{ 'x-amz-target': 'secretsmanager.ListSecrets' }, { __type: 'SerializationException' }]
      : [{}, { code: 'invalid-request', errors: [{ in: 'body', message: /UTF-8/ }] }]
    const path = pattern.replace('{env}', 'dev').replaceAll(/\{\w+\}/g, 'a')
    for (const [what, bytes] of Object.entries(invalid)) {
      const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')])
      const reply = await gateway.send(method, path, { headers: { 'content-type': contentType, ...target }, body })
      t.match(reply, { status: 400, json }, `${method} ${pattern}, ${contentType}: ${what}`)
    }
  }
  t.same(gateway.awsCalls, [])
})
