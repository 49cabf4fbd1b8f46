import t from 'tap'
import { build, tokens } from '#test/helper'
import { connect } from '#test/raw'
import { until } from '#test/until'

const request = (token: string): string =>
  ['GET /environments HTTP/1.1', 'host: gateway.test', `authorization: Bearer ${token}`, '', ''].join('\r\n')

t.test('a request does not wait for all earlier requests of another caller', async (t) => {
  const gateway = await build(t)
  const socket = await connect(gateway.url)
  t.teardown(() => { socket.destroy() })
  let replies = ''
  socket.on('data', (chunk) => { replies += String(chunk) })
  const greedy = 200
  // All requests are sent at once, so the gateway parses them in the same iteration of the event loop.
  socket.write(request(tokens.administrator).repeat(greedy) + request(tokens.reader))
  await until(() => replies.split('HTTP/1.1 200').length - 1 === greedy + 1)
  const callers = gateway.trail().filter(({ event }) => event === 'outcome').map(({ caller }) => caller?.id)
  t.equal(callers.length, greedy + 1)
  t.ok(callers.indexOf('reader') < 100, 'it ends long before the last')
})
