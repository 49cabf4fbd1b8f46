import t from 'tap'
import { build } from '#test/helper'
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
