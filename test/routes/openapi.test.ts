import t from 'tap'
import { parse } from 'yaml'
import { build } from '#test/helper'
import packageJson from '../../package.json' with { type: 'json' }

t.test('getOpenApiJson and getOpenApiYaml return the same document', async (t) => {
  const gateway = await build(t)
  const json = await gateway.send('GET', '/openapi.json', { token: null })
  const yaml = await gateway.send('GET', '/openapi.yaml', { token: null })
  t.equal(json.json.openapi, '3.1.0')
  t.equal(json.json.info.version, packageJson.version)
  t.equal(yaml.headers.get('content-type'), 'application/yaml')
  t.same(parse(yaml.text), json.json)
  const schemas = Object.keys(json.json.components.schemas)
  t.ok(['BulkCreateReply', 'Environment', 'Job', 'Problem', 'SecretMetadata', 'SecretValue'].every((name) => schemas.includes(name)), 'schemas have names that are suitable for generated types')
})

t.test('Swagger UI needs no token', async (t) => {
  const gateway = await build(t)
  const page = await gateway.send('GET', '/docs', { token: null })
  t.equal(page.status, 200)
  t.match(page.text, /swagger-ui/)
  t.match(page.headers.get('content-security-policy'), /default-src 'none'/)
})
