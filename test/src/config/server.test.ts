import { randomBytes } from 'node:crypto'
import t from 'tap'
import { awsFrom } from '#src/config/aws'
import { serverFrom, serverIssues, trustedProxyList } from '#src/config/server'
import { authority, serverPair } from '#test/certificates'

t.test('trusted proxies are addresses or subnets', async (t) => {
  const trusts = trustedProxyList(['192.0.2.1', '10.0.0.0/8', '2001:db8::/32', '::1'])
  for (const address of ['192.0.2.1', '10.255.0.1', '::ffff:10.0.0.1', '2001:db8:1::1', '::1']) t.ok(trusts(address), address)
  for (const address of ['192.0.2.2', '11.0.0.1', '2001:db9::1', '127.0.0.1', '', 'none']) t.notOk(trusts(address), address)
})

t.test('invalid addresses, and subnets of all addresses, are issues', async (t) => {
  const proxies = ['10.0.0.0/8', 'proxy.example', '0.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0.0/x', '10.0.0.0/', '/8', '']
  const keys = [...serverIssues({ server: { ...serverFrom({}, '.'), trustedProxies: proxies }, aws: awsFrom({}) })].map(({ key }) => key)
  t.same(keys, proxies.slice(1).map((_, index) => `server.trustedProxies.${index + 1}`))
})

t.test('the limits on connections and the times of the shutdown', (t) => {
  t.match(serverFrom({}, '.'), {
    connections: { maximum: 4_000, maximumPerAddress: 1_000, headersTimeout: 10_000, requestTimeout: 10_000, replyTimeout: 30_000 },
    overload: { heapShare: 0.85, loopDelay: 1_000 },
    shutdown: { delay: 5_000, grace: 20_000 }
  })
  t.match(serverFrom({ connections: { maximum: 10, requestTimeoutSeconds: 2 } }, '.').connections, { maximumPerAddress: 10, headersTimeout: 2_000 })
  const issues = (declared: Parameters<typeof serverFrom>[0], aws: Parameters<typeof awsFrom>[0] = {}): string[] =>
    Array.from(serverIssues({ server: serverFrom(declared, '.'), aws: awsFrom(aws) }), ({ key, found, expected }) => `${key}: ${found}, ${expected}`)
  t.same(issues({}), [])
  t.same(issues({ connections: { maximum: 10, maximumPerAddress: 10, headersTimeoutSeconds: 2, requestTimeoutSeconds: 2 } }), [])
  t.same(issues({ connections: { maximum: 10, maximumPerAddress: 11, headersTimeoutSeconds: 3, requestTimeoutSeconds: 2 } }), [
    'server.connections.maximumPerAddress: 11, at most server.connections.maximum',
    'server.connections.headersTimeoutSeconds: 3, at most server.connections.requestTimeoutSeconds'
  ])
  t.same(issues({ shutdown: { graceSeconds: 15 } }), ['server.shutdown.graceSeconds: 15, more than 19, because a call to AWS may take that long'])
  t.same(issues({ shutdown: { graceSeconds: 19.5 } }), [])
  t.match(issues({}, { deadlineSeconds: 11 }), [/more than 20/], 'the waits in the queue count')
  t.same(issues({}, { deadlineSeconds: 10.9 }), [])
  t.match(issues({}, { stsDeadlineSeconds: 20 }), [/more than 20/])
  t.end()
})

t.test('certificates and keys are checked before the gateway listens', async (t) => {
  const [one, other] = [await authority(), await authority()]
  const [pair, foreign] = [await serverPair(one), await serverPair(other)]
  const folder = t.testdir({ 'cert.pem': pair.cert, 'key.pem': pair.key, 'foreign.pem': foreign.key, 'ca.pem': `${one.cert}\n${other.cert}`, 'empty.pem': '' })
  const tls = { certificateFile: 'cert.pem', keyFile: 'key.pem' }
  t.match(serverFrom({ tls }, folder), { trustedProxies: [], cursorKeys: [], tls: { cert: pair.cert, key: pair.key } })
  t.same(serverFrom({ tls: { ...tls, clientCertificates: { authorityFile: 'ca.pem' } } }, folder).tls?.clients, { ca: `${one.cert}\n${other.cert}`, required: true })
  t.same(serverFrom({ tls: { ...tls, clientCertificates: { authorityFile: 'ca.pem', required: false } } }, folder).tls?.clients?.required, false)

  const pairIssue = /^server\.tls: found something else, expected a certificate, and the private key that goes with it, in PEM$/
  t.throws(() => serverFrom({ tls: { ...tls, keyFile: 'foreign.pem' } }, folder), { message: pairIssue })
  t.throws(() => serverFrom({ tls: { ...tls, certificateFile: 'empty.pem' } }, folder), { message: pairIssue })
  t.throws(() => serverFrom({ tls: { ...tls, keyFile: 'empty.pem' } }, folder), { message: pairIssue })
  t.throws(() => serverFrom({ tls: { ...tls, keyFile: 'none.pem' } }, folder), { message: /^server\.tls\.keyFile: found ENOENT on reading / })
  t.throws(() => serverFrom({ tls: { ...tls, clientCertificates: { authorityFile: 'empty.pem' } } }, folder), { message: /^server\.tls\.clientCertificates\.authorityFile: found something else, expected certificates of authorities in PEM$/ }, 'an empty file would trust every public authority')
  t.throws(() => serverFrom({ tls: { ...tls, clientCertificates: { authorityFile: 'cert.pem' } } }, folder), { message: /expected certificates of authorities in PEM$/ }, 'a server certificate is not an authority')
})

t.test('the keys of cursors are 32 bytes in base64', (t) => {
  const [one, other] = [randomBytes(32), randomBytes(32)]
  const folder = t.testdir({
    'one.key': `${one.toString('base64')}\n`,
    'other.key': other.toString('base64'),
    'short.key': randomBytes(31).toString('base64'),
    'long.key': randomBytes(33).toString('base64'),
    'hexadecimal.key': one.toString('hex'),
    'unpadded.key': one.toString('base64').replace('=', ''),
    'empty.key': ''
  })
  t.same(serverFrom({ cursorKeyFiles: ['one.key', 'other.key'] }, folder).cursorKeys, [one, other])
  for (const name of ['short.key', 'long.key', 'hexadecimal.key', 'unpadded.key', 'empty.key']) {
    t.throws(() => serverFrom({ cursorKeyFiles: ['one.key', name] }, folder), {
      message: /^server\.cursorKeyFiles\.1: found something else, expected 32 random bytes in base64$/
    }, name)
  }
  t.throws(() => serverFrom({ cursorKeyFiles: ['none.key'] }, folder), { message: /^server\.cursorKeyFiles\.0: found ENOENT on reading / })
  t.end()
})
