import t from 'tap'
import { apiKeyAuthenticator, hashToken } from '../../../src/authentication/api-keys.ts'
import { bearerToken } from '../../../src/authentication/bearer.ts'

t.test('a key is known by its hash, until it expires', async (t) => {
  const moment = Date.parse('2027-01-01T00:00:00Z')
  const authenticate = apiKeyAuthenticator([
    { id: 'old', hash: hashToken('one'), groups: ['pipelines'], expires: '2027-01-01' },
    { id: 'new', hash: hashToken('two') },
    { id: 'broken', hash: hashToken('three'), expires: '2027-99-99' }
  ])
  t.same(authenticate('one', moment - 1), { id: 'old', groups: ['pipelines'] })
  t.equal(authenticate('one', moment), undefined)
  t.same(authenticate('two', moment), { id: 'new', groups: [] })
  t.equal(authenticate('three', 0), undefined, 'a date that cannot be read is an expired one')
  t.equal(authenticate('four', 0), undefined)
  t.equal(apiKeyAuthenticator([])('one', 0), undefined)
  t.equal(hashToken('one'), 'sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed')
})

t.test('a bearer token is what RFC 6750 says', async (t) => {
  t.equal(bearerToken('Bearer abc.DEF-123_~+/=='), 'abc.DEF-123_~+/==')
  t.equal(bearerToken('bearer  abc'), 'abc')
  for (const header of [undefined, '', 'Bearer', 'Bearer ', 'Basic abc', 'Bearer a b', 'Bearer a,b', 'xBearer a', 'Bearer =a', `Bearer ${'a'.repeat(8_193)}`]) {
    t.equal(bearerToken(header), undefined)
  }
})
