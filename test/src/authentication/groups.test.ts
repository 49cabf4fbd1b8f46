import t from 'tap'
import { caller } from '#src/authentication/caller'
import { membership } from '#src/authentication/groups'

t.test('groups contain callers of all authentication methods', async (t) => {
  const join = membership({
    administrators: { callers: ['corp:alice'], groups: ['corp:platform', 'operators'] },
    pipelines: { callers: ['deploy-bot', 'aws:111122223333:AROAEXAMPLEEXAMPLE', 'spiffe://example.org/ci'] },
    nobody: {},
    outer: { groups: ['administrators'] }
  })
  t.same(join(caller('oidc', 'corp:alice', ['corp:x'])).groups, ['corp:x', 'administrators'])
  t.same(join(caller('oidc', 'corp:bob', ['corp:platform'])).groups, ['corp:platform', 'administrators'])
  t.same(join(caller('api-key', 'operator', ['operators'])).groups, ['operators', 'administrators'])
  t.same(join(caller('api-key', 'deploy-bot', ['pipelines'])).groups, ['pipelines'])
  t.same(join(caller('aws', 'aws:111122223333:AROAEXAMPLEEXAMPLE')).groups, ['pipelines'])
  t.same(join(caller('mtls', 'spiffe://example.org/ci')), { id: 'spiffe://example.org/ci', groups: ['pipelines'], method: 'mtls' })
  t.same(join(caller('oidc', 'partner:alice', ['partner:platform'])).groups, ['partner:platform'])
})
