import { once } from 'node:events'
import t from 'tap'
import { build, tokens } from '#test/helper'
import { connect, sendRaw, write, type RawRequest } from '#test/raw'
import { until } from '#test/until'

const path = '/environments/dev/secrets'
const kibibyte = 1024

const chunked = (body: string, target = path): RawRequest => ({
  method: 'POST',
  path: target,
  headers: [['Authorization', `Bearer ${tokens.administrator}`], ['Content-Type', 'application/json'], ['Transfer-Encoding', 'chunked']],
  body: `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`
})

t.test('a long body is received in pieces and put together', async (t) => {
  const gateway = await build(t)
  // The accented letters take two bytes each, and some are divided between two pieces.
  const secrets = Array.from({ length: 20 }, (_, index) => ({ name: `long/${index}`, value: `${index} é`.padEnd(30 * kibibyte, 'é') }))
  t.match(await sendRaw(gateway.url, chunked(JSON.stringify({ secrets }))), { status: 201 })
  const names = secrets.map(({ name }) => name)
  const { items } = (await gateway.send('POST', '/environments/dev/values', { json: { names } })).json as { items: { secret: { value: string } }[] }
  t.same(items.map(({ secret }) => secret.value), secrets.map(({ value }) => value))
})

t.test('a body without a declared length is refused when it has become too long', async (t) => {
  const gateway = await build(t)
  const body = JSON.stringify({ headers: { Authorization: 'x'.repeat(100 * kibibyte) } })
  t.match(await sendRaw(gateway.url, chunked(body, '/auth/aws/login')), { status: 413, code: 'payload-too-large' })
})

t.test('a client that leaves while it sends its body has sent a malformed request', async (t) => {
  const gateway = await build(t)
  const socket = await connect(gateway.url)
  const headers = [['Authorization', `Bearer ${tokens.administrator}`], ['Content-Type', 'application/json'], ['Content-Length', '100000']] as const
  const arrived = once(gateway.fastify.server, 'request')
  write(socket, { method: 'POST', path, headers, body: '{' })
  await arrived
  socket.destroy()
  await until(() => gateway.trail().length > 1)
  t.match(gateway.trail().at(-1), { status: 400, code: 'malformed-request' })
})
