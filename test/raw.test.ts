import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { sendRaw } from '#test/raw'

t.test('a request without a reply fails the test instead of hanging it', async (t) => {
  const server = createServer((socket) => { socket.resume() })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await t.rejects(sendRaw(url, { path: '/silent' }, undefined, 50), { message: /^GET \/silent was neither answered nor closed/ })
})
