import type { FastifyContextConfig } from 'fastify'
import t from 'tap'
import { routeConfig } from '#src/request/route'

const configOf = (url: string, config: FastifyContextConfig, defaults: FastifyContextConfig = {}, schema = {}): FastifyContextConfig =>
  routeConfig({ method: 'GET', url, config, schema, handler: () => undefined }, defaults)

t.test('a route inherits what its folder declares, and its own declarations take precedence', async (t) => {
  const headers = { headers: { properties: { 'If-Match': {} } } }
  t.same(configOf('/jobs', { action: 'Own' }, { action: 'Public', bodyNamesCredential: true }, headers),
    { action: 'Own', bodyNamesCredential: true, headers: ['if-match'] })
})

t.test('invalid declarations of a route are rejected', async (t) => {
  const path = '/environments/:env/secrets/:name'
  const cases: [string, FastifyContextConfig, FastifyContextConfig, RegExp][] = [
    ['/jobs', {}, {}, /GET \/jobs declares no action/],
    ['/jobs', { action: 'toString' as 'Own' }, {}, /declares no action/],
    [path, { action: 'Public' }, { about: 'secret' }, /declares Public, which can't be done/],
    [path, { action: 'Own' }, { about: 'secret' }, /declares Own, which can't be done/],
    [path, { action: 'ListSecrets' }, { about: 'secret' }, /declares ListSecrets, which can't be done/],
    ['/credentials/:id', { action: 'GetSecretValue' }, { about: 'credential' }, /declares GetSecretValue, which can't be done/],
    [path, { action: 'GetSecretValue' }, {}, /is outside the folder of its Secret/],
    ['/environments/:env', { action: 'ListSecrets' }, {}, /is outside the folder of its Environment/]
  ]
  for (const [url, config, defaults, message] of cases) t.throws(() => configOf(url, config, defaults), { name: 'TypeError', message }, message.source)
  t.match(configOf(path, { action: 'GetSecretValue' }, { about: 'secret' }), { about: 'secret' })
})
