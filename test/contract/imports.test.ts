import { join } from 'node:path'
import t from 'tap'
import { violations } from './import-rules.ts'

const root = join(import.meta.dirname, '..', '..')

t.test('imports follow the rules', async (t) => {
  t.same(await violations(root), [])
})

t.test('broken rules are reported', async (t) => {
  const found = await violations(join(root, 'test', 'fixtures', 'imports'))
  for (const rule of [
    /routes\/bad\.ts → plugins\/bad\.ts: routes know src/,
    /routes\/bad\.ts → @aws-sdk\/client-secrets-manager: only src\/aws/,
    /plugins\/bad\.ts → routes\/bad\.ts: a plugin reaches another/,
    /src\/secrets\/bad\.ts → fastify: the core knows nothing of Fastify/,
    /src\/secrets\/bad\.ts → @cedar-policy\/cedar-wasm\/nodejs: only src\/authorization/,
    /src\/secrets\/bad\.ts → @opentelemetry\/api: only src\/tracing/,
    /src\/secrets\/bad\.ts → src\/aws\/types\.ts: only src\/aws knows/,
    /src\/secrets\/bad\.ts → src\/aws\/names\.ts: only src\/aws knows/,
    /src\/secrets\/bad\.ts → plugins\/bad\.ts: src knows neither/,
    /src\/secrets\/bad\.ts → src\/local-backend\/bad\.ts: only the local mode/,
    /src\/environments\/bad\.ts → src\/secrets\/bad\.ts: environments/,
    /src\/local-backend\/bad\.ts → src\/aws\/bad\.ts: the embedded backend/,
    /^src\/environments and src\/secrets import each other in a circle/,
    /^src\/environments\/bad\.ts and src\/secrets\/bad\.ts import each other in a circle/
  ]) t.ok(found.some((violation) => rule.test(violation)), rule.source)
  t.equal(found.length, 15, found.join('\n'))
})
