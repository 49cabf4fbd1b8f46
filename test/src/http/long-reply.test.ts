import { request } from 'node:http'
import t from 'tap'
import { build, tokens } from '#test/helper'
import { until } from '#test/until'
import { LongReply, Pieces } from '#src/http/long-reply'

const path = '/environments/dev/secrets'

t.test('a reply with many long values is the same as if it were not sent in pieces', async (t) => {
  const gateway = await build(t)
  const secrets = Array.from({ length: 40 }, (_, index) => ({ name: `n${index}`, value: `${index} "é"`.padEnd(10_000, '.') }))
  const created = await gateway.send('POST', path, { json: { secrets } })
  t.equal(created.status, 201)
  t.match(created.json, { items: secrets.map(({ name }) => ({ name, result: 'created' })) })
  const names = [...secrets.map(({ name }) => name), 'missing']
  const { headers, text, json } = await gateway.send('POST', '/environments/dev/values', { json: { names } })
  t.equal(headers.get('content-length'), String(Buffer.byteLength(text)))
  t.match(json, { items: [...secrets.map(({ name, value }) => ({ name, secret: { value } })), { name: 'missing', problem: { code: 'secret-not-found' } }] })
})

t.test('a short reply is one text', async (t) => {
  const reply = (rest: string): LongReply => new LongReply([1, 2, 3], String, rest)
  t.equal(await reply('{}').serialize(), '{"items":[1,2,3]}')
  t.equal(await reply('{"nextCursor":"x"}').serialize(), '{"items":[1,2,3],"nextCursor":"x"}')
})

t.test('a long reply consists of pieces', async (t) => {
  const items = ['é'.repeat(20_000), 'b'.repeat(20_000), 'c']
  const pieces = await new LongReply(items, (item) => JSON.stringify(item), '{"more":true}').serialize()
  if (!(pieces instanceof Pieces)) throw new TypeError('It is one text')
  const lengths: number[] = []
  let text = ''
  for await (const piece of pieces as AsyncIterable<Buffer>) {
    lengths.push(piece.length)
    text += String(piece)
  }
  t.same(JSON.parse(text), { items, more: true })
  t.equal(pieces.byteLength, lengths.reduce((sum, length) => sum + length, 0))
})

t.test('a request whose caller leaves before its long reply is sent has one outcome', async (t) => {
  const gateway = await build(t)
  const secretNames = Array.from({ length: 2_000 }, (_, index) => `n${index}`)
  const sent = request(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.administrator}`, 'content-type': 'application/json' }
  })
  sent.on('error', () => undefined).end(JSON.stringify({ secretNames }))
  await until(() => gateway.awsCalls.includes('CreateSecret'))
  sent.destroy()
  const outcomes = (): object[] => gateway.trail().filter(({ event }) => event === 'outcome')
  await until(() => outcomes().length > 0)
  // A second outcome would be recorded before the reply to this request.
  t.equal((await gateway.send('GET', '/environments')).status, 200)
  t.match(outcomes(), [{ operation: 'bulkCreateSecrets' }, { operation: 'listEnvironments' }])
})
