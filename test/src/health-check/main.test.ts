import { execFile } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { authority, serverPair } from '#test/certificates'
import { build } from '#test/helper'
import { probeUrl } from '#src/health-check/target'

const program = join(import.meta.dirname, '..', '..', '..', 'src', 'health-check', 'main.ts')

/** Runs the health check, and returns its exit status and its output. */
async function check (t: Test, variables: Record<string, string>, config?: object): Promise<{ status: number, says: string }> {
  const { PATH = '' } = process.env
  const file = config === undefined ? {} : { GATEWAY_CONFIG: join(t.testdir({ 'gateway.yaml': stringify(config) }), 'gateway.yaml') }
  // The variable makes the process write its coverage.
  const { NODE_V8_COVERAGE: coverage, NODE_OPTIONS: options } = process.env
  const env = { PATH, ...coverage !== undefined && { NODE_V8_COVERAGE: coverage }, ...options !== undefined && { NODE_OPTIONS: options }, ...variables, ...file }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program], { env }, (_error, _stdout, says) => { resolve({ status: child.exitCode ?? -1, says }) })
  })
}

t.test('a gateway without TLS, on any port', async (t) => {
  const { url } = await build(t)
  const { port } = new URL(url)
  t.same(await check(t, { PORT: port, HOST: '0.0.0.0' }), { status: 0, says: '' })
  t.match(await check(t, { PORT: port }, { server: { tls: {} } }), { status: 1, says: /./ }, 'the configuration says TLS, and the listener has none')
  t.match(await check(t, { PORT: '1' }), { status: 1, says: /ECONNREFUSED/ })
})

t.test('a gateway with TLS', async (t) => {
  const { cert, key } = await serverPair(await authority('CN=Test'))
  const folder = t.testdir({ 'cert.pem': cert, 'key.pem': key })
  const tls = { certificateFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
  const { url } = await build(t, { server: { tls } })
  t.match(url, /^https:/)
  const { port } = new URL(url)
  t.same(await check(t, { PORT: port }, { server: { tls } }), { status: 0, says: '' })
})

t.test('a reply other than 200 is a failure', async (t) => {
  const gateway = await build(t)
  const { port } = new URL(gateway.url)
  gateway.fastify.server.prependListener('request', (_request, response) => { response.writeHead(500).end() })
  t.match(await check(t, { PORT: port }), { status: 1, says: /\/health\/live replied with 500/ })
})

t.test('the URL of the probe', async (t) => {
  t.equal(probeUrl({}, undefined), 'http://127.0.0.1:3000/health/live')
  t.equal(probeUrl({ HOST: '::', PORT: '8443' }, 'server: { tls: { certificateFile: a } }'), 'https://[::1]:8443/health/live')
  t.equal(probeUrl({ HOST: '10.0.0.7', PORT: '80' }, 'server: {}'), 'http://10.0.0.7:80/health/live')
  const tls = 'server: { tls: { clientCertificates: { authorityFile: a }'
  t.equal(probeUrl({}, `${tls} }, metrics: { host: 0.0.0.0, port: 9464 } }`), 'http://127.0.0.1:9464/health/live')
  t.equal(probeUrl({}, `${tls} }, metrics: { port: 9464 } }`), 'http://127.0.0.1:9464/health/live', 'the default address')
  t.equal(probeUrl({}, `${tls.slice(0, -1)}, required: false } } }`), 'https://127.0.0.1:3000/health/live')
  t.throws(() => probeUrl({}, `${tls} } }`), /needs the listener of server\.metrics/)
  t.throws(() => probeUrl({ PORT: '0' }, undefined), /does not know it/)
})
