import { randomBytes } from 'node:crypto'
import t from 'tap'
import { ConfigError } from '#src/config/issues'
import { parseConfig } from '#src/config/load'
import { sharedFrom } from '#src/config/shared'
import { authority, serverPair } from '#test/certificates'

const key = randomBytes(32)
const files = { 'shared.key': `${key.toString('base64')}\n` }

t.test('the defaults', async (t) => {
  t.same(sharedFrom({ url: 'redis://redis.internal', keyFile: 'shared.key' }, t.testdir(files)), {
    host: 'redis.internal', port: 6_379, database: 0, tls: false, key, fleet: 'secrets-gateway', timeout: 50, replicas: 3
  })
})

t.test('everything', async (t) => {
  const issuer = await authority()
  const folder = t.testdir({ ...files, password: 'the password\n', 'ca.pem': issuer.cert })
  t.same(sharedFrom({
    url: 'rediss://[::1]:7000/15',
    keyFile: 'shared.key',
    fleet: 'production',
    username: 'gateway',
    passwordFile: 'password',
    authorityFile: 'ca.pem',
    timeoutMilliseconds: 20,
    replicas: 10
  }, folder), {
    host: '::1', port: 7_000, database: 15, tls: true, key, fleet: 'production', username: 'gateway', password: 'the password', authority: issuer.cert, timeout: 20, replicas: 10
  })
})

t.test('files that can\'t be used', async (t) => {
  const folder = t.testdir({
    ...files,
    'short.key': randomBytes(31).toString('base64'),
    'hexadecimal.key': key.toString('hex'),
    empty: '',
    'two-lines': 'canary\ncanary\n',
    'no-authority.pem': (await serverPair(await authority())).cert
  })
  const url = 'redis://redis.internal'
  for (const keyFile of ['short.key', 'hexadecimal.key', 'empty']) {
    t.throws(() => sharedFrom({ url, keyFile }, folder), { message: 'shared.keyFile: found something else, expected 32 random bytes in base64' }, keyFile)
  }
  for (const passwordFile of ['empty', 'two-lines']) {
    t.throws(() => sharedFrom({ url, keyFile: 'shared.key', passwordFile }, folder), { message: 'shared.passwordFile: found something else, expected one line with the password' }, passwordFile)
  }
  for (const authorityFile of ['empty', 'shared.key', 'no-authority.pem']) {
    t.throws(() => sharedFrom({ url, keyFile: 'shared.key', authorityFile }, folder), { message: 'shared.authorityFile: found something else, expected certificates of authorities in PEM' }, authorityFile)
  }
  t.throws(() => sharedFrom({ url, keyFile: 'none' }, folder), { message: /^shared\.keyFile: found ENOENT on reading / })
})

t.test('a URL with a password, and other text that is no URL of a server, is refused without being quoted', async (t) => {
  const folder = t.testdir(files)
  for (const url of [
    'redis://user:canary@redis.internal', 'redis://:canary@redis.internal', 'http://canary', 'redis://', 'redis://canary?db=1', 'redis://canary/x', 'canary'
  ]) {
    const yaml = JSON.stringify({
      environments: { dev: { region: 'eu-west-1', credential: 'main' } },
      credentials: { main: { kind: 'default-chain' } },
      authentication: {},
      authorization: { policies: 'policies' },
      shared: { url, keyFile: 'shared.key' }
    })
    const error = t.throws(() => parseConfig(yaml, folder), ConfigError) as Error
    t.match(error.message, /^shared\.url: found a string of \d+ characters, expected a URL such as rediss:\/\/redis\.internal:6379\/0, without a user and a password$/)
    t.notMatch(error.message, 'canary')
  }
})
