import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { fetchJson, fetchText, isSafeUrl } from '#src/authentication/fetch-text'

async function serve (t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close(); server.closeAllConnections() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('a reply has at most 256 KiB, however many parts it arrives in', async (t) => {
  const url = await serve(t, ({ url }, response) => {
    const bytes = Buffer.alloc(Number(url?.slice(1)), 'x')
    response.write(bytes.subarray(0, 100_000))
    response.end(bytes.subarray(100_000))
  })
  t.equal((await fetchText(`${url}/${256 * 1024}`)).text.length, 256 * 1024)
  await t.rejects(fetchText(`${url}/${256 * 1024 + 1}`), { message: 'a reply that is too large' })
})

t.test('the media type has no parameters and is in lower case', async (t) => {
  const url = await serve(t, ({ url }, response) => {
    if (url === '/typed') response.setHeader('content-type', 'Text/XML ; charset=utf-8')
    response.end()
  })
  t.same(await fetchText(`${url}/typed`), { status: 200, mediaType: 'text/xml', text: '' })
  t.same(await fetchText(`${url}/untyped`), { status: 200, mediaType: '', text: '' })
})

t.test('a JSON document needs status 200', async (t) => {
  const url = await serve(t, ({ url, headers }, response) => {
    response.statusCode = Number(url?.slice(1))
    response.end(JSON.stringify({ accept: headers.accept }))
  })
  t.same(await fetchJson(`${url}/200`), { accept: 'application/json' })
  for (const status of [201, 404, 500]) await t.rejects(fetchJson(`${url}/${status}`), { message: `a reply with status ${status}` })
})

t.test('a URL is safe if nobody can read or redirect the request on its way', async (t) => {
  for (const url of ['https://issuer.example', 'https://issuer.example:8443/a?b', 'http://127.0.0.1:1/', 'http://localhost', 'http://[::1]:1']) {
    t.ok(isSafeUrl(url), url)
  }
  for (const url of [
    '', 'issuer.example', '/keys', 'http://issuer.example', 'http://127.0.0.1.example', 'http://127.0.0.2', 'ftp://localhost', 'file:///etc/passwd',
    'https://user@issuer.example', 'https://:password@issuer.example', 'https://user:password@issuer.example', 'http://user@localhost'
  ]) {
    t.notOk(isSafeUrl(url), url)
    await t.rejects(fetchText(url), { message: 'the URL must be https' })
  }
})
