import t from 'tap'
import { apiKeyAuthenticator, hashToken, newApiKey, type ApiKey } from '#src/authentication/api-keys'
import { bearerToken } from '#src/authentication/bearer'
import type { Caller } from '#src/authentication/caller'

/** Returns a function that returns the caller of a key. */
function authenticating (keys: readonly ApiKey[]): (key: string, now: number) => Caller | undefined {
  const find = apiKeyAuthenticator(keys)
  return (key, now) => find(hashToken(key), now)?.caller
}

t.test('a key is recognized by its hash until it expires', async (t) => {
  const moment = Date.parse('2027-01-01T00:00:00Z')
  const authenticate = authenticating([
    { id: 'old', hash: hashToken('one'), groups: ['pipelines'], expires: '2027-01-01' },
    { id: 'new', hash: hashToken('two') },
    { id: 'broken', hash: hashToken('three'), expires: '2027-99-99' }
  ])
  t.same(authenticate('one', moment - 1), { id: 'old', groups: ['pipelines'], method: 'api-key' })
  t.equal(authenticate('one', moment), undefined)
  t.same(authenticate('two', moment), { id: 'new', groups: [], method: 'api-key' })
  t.equal(authenticate('three', 0), undefined, 'an invalid date counts as expired')
  t.equal(authenticate('four', 0), undefined)
  t.equal(authenticating([])('one', 0), undefined)
  t.equal(hashToken('one'), 'sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed')
})

t.test('a generated key has a recognizable form and is random', async (t) => {
  const key = newApiKey('deploy-bot')
  t.match(key, /^sgw_deploy-bot\.[A-Za-z0-9_-]{43}$/)
  t.equal(Buffer.from(key.slice('sgw_deploy-bot.'.length), 'base64url').length, 32)
  t.not(newApiKey('deploy-bot'), key)
  t.equal(bearerToken(`Bearer ${newApiKey('a.b_c-d')}`)?.startsWith('sgw_a.b_c-d.'), true, 'it is a valid bearer token')
})

t.test('two keys of one ID, during a key rotation', async (t) => {
  const [old, next] = [newApiKey('bot'), newApiKey('bot')]
  const authenticate = authenticating([{ id: 'bot', hash: hashToken(old), expires: '2027-01-01' }, { id: 'bot', hash: hashToken(next) }])
  const moment = Date.parse('2027-01-01T00:00:00Z')
  const bot = { id: 'bot', groups: [], method: 'api-key' }
  t.same([authenticate(old, moment - 1), authenticate(next, moment - 1)], [bot, bot])
  t.same([authenticate(old, moment), authenticate(next, moment)], [undefined, bot])
})

t.test('bearer tokens have the form of RFC 6750', async (t) => {
  t.equal(bearerToken('Bearer abc.DEF-123_~+/=='), 'abc.DEF-123_~+/==')
  t.equal(bearerToken('bearer  abc'), 'abc')
  for (const header of [undefined, '', 'Bearer', 'Bearer ', 'Basic abc', 'Bearer a b', 'Bearer a,b', 'xBearer a', 'Bearer =a', `Bearer ${'a'.repeat(8_193)}`]) {
    t.equal(bearerToken(header), undefined)
  }
})
