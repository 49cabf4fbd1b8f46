import t from 'tap'
import { build, policies, tokens, type Gateway, type RequestOptions } from '#test/helper'

/**
 * Everybody may create and promote secrets, and the reader may do nothing else. In addition, the writer may read values, the
 * pipeline may see the metadata, and the stranger may change secrets.
 */
const authorization = policies(`
  @id("administrators") permit (principal in Group::"administrators", action, resource);
  @id("all") permit (principal, action in [Action::"DescribeEnvironment", Action::"CreateSecret", Action::"PromoteSecret"], resource);
  @id("writer") permit (principal == Caller::"writer", action == Action::"GetSecretValue", resource);
  @id("pipeline") permit (principal == Caller::"pipeline", action == Action::"DescribeSecret", resource);
  @id("stranger") permit (principal == Caller::"stranger", action in [
    Action::"UpdateSecret", Action::"PutSecretValue", Action::"TagResource", Action::"RestoreSecret"
  ], resource);
`)
const blind = [tokens.reader, tokens.stranger]
const seeing = [tokens.writer, tokens.pipeline, tokens.administrator]

const secrets = '/environments/dev/secrets'

const bulk = async (gateway: Gateway, json: object, options: RequestOptions = {}): Promise<{ items: Record<string, unknown>[], secretArnMap: Record<string, string> }> =>
  (await gateway.send('POST', secrets, { ...options, json })).json

t.test('a bulk create shows the ARN of a secret that it leaves unchanged only to callers who may see the secret', async (t) => {
  const gateway = await build(t, { authorization })
  const { items: [{ arn } = {}] } = await bulk(gateway, { secrets: [{ name: 'a', value: 'v' }] })
  t.match(arn, /^arn:/, 'the ARN of a new secret is shown')
  const requests = {
    'it is skipped': { secretNames: ['a'], onConflict: 'skip' },
    'it would be skipped': { secretNames: ['a'], onConflict: 'skip', dryRun: true },
    'it is skipped by an atomic request': { secretNames: ['a'], onConflict: 'skip', atomic: true },
    'it is skipped by an atomic request that is rolled back': {
      secrets: [{ name: 'a' }, { name: 'failing', value: 'v', kmsKeyId: 'alias/none' }], onConflict: 'skip', atomic: true, settings: { concurrency: 1 }
    }
  }
  for (const [title, json] of Object.entries(requests)) {
    for (const token of [...blind, ...seeing]) {
      const { items, secretArnMap } = await bulk(gateway, json, { token })
      const expected = seeing.includes(token as typeof tokens.writer) ? arn : undefined
      t.match(items[0], { name: 'a', result: /skipped|rolled-back/ })
      t.equal(items[0]?.arn, expected, `${title}: ${token}`)
      t.equal(secretArnMap.a, expected, `${title}: ${token}`)
    }
  }
})

t.test('a bulk create shows the ARN of a secret that it writes to', async (t) => {
  const gateway = await build(t, { authorization })
  const { items: [{ arn } = {}] } = await bulk(gateway, { secrets: [{ name: 'a', value: 'v' }] })
  const update = async (item: object, headers: Record<string, string> = {}): Promise<unknown> =>
    (await bulk(gateway, { secrets: [{ name: 'a', ...item }], onConflict: 'update', restore: true }, { token: tokens.stranger, headers })).items[0]
  t.match(await update({ value: 'w' }), { result: 'updated', arn })
  t.notHas(await update({ tags: { a: 'b' } }), { arn }, 'AWS\'s own reply to TagResource has no ARN')
  await gateway.send('DELETE', `${secrets}/a`)
  t.match(await update({}), { result: 'restored', arn })
  const key = { 'idempotency-key': 'k' }
  t.match(await update({ name: 'b', value: 'v' }, key), { result: 'created', arn: /dev\/b-/ })
  t.match(await update({ name: 'b', value: 'v' }, key), { result: 'created', arn: /dev\/b-/ }, 'a repeated request')
})

t.test('a promotion shows versions and ARNs that it did not write only to callers who may see the secret', async (t) => {
  const gateway = await build(t, { authorization })
  const put = async (env: string, value: string): Promise<{ arn: string, versionId: string }> =>
    (await gateway.send('PUT', `/environments/${env}/secrets/a`, { json: { value } })).json
  const promote = async (json: object, token: string, headers = {}): Promise<Record<string, unknown>> =>
    (await gateway.send('POST', '/environments/prod/promotions', { json: { from: 'dev', names: ['a'], ...json }, token, headers })).json.items[0]
  const { versionId: fromVersionId } = await put('dev', 'v')
  const { arn, versionId } = await put('prod', 'old')
  for (const [title, json] of Object.entries({
    'it is skipped': { onConflict: 'skip' }, 'it would be skipped': { onConflict: 'skip', dryRun: true }, 'it would be updated': { onConflict: 'update', dryRun: true }
  })) {
    for (const token of blind) t.same(Object.keys(await promote(json, token)), ['name', 'result'], title)
    for (const token of seeing) t.match(await promote(json, token), { arn, versionId, fromVersionId }, title)
  }
  for (const token of blind) {
    const updated = await promote({ onConflict: 'update' }, token)
    t.match(updated, { result: 'updated', arn, versionId: String })
    t.not(updated.versionId, versionId, 'the version is the new one')
    t.notOk('fromVersionId' in updated)
  }
  const key = { 'idempotency-key': 'k' }
  const first = await promote({ onConflict: 'update' }, tokens.reader, key)
  t.same(await promote({ onConflict: 'update' }, tokens.reader, key), first, 'a repeated request')

  await gateway.send('POST', secrets, { json: { secretNames: ['p'] } })
  await gateway.send('POST', '/environments/prod/secrets', { json: { secretNames: ['p'] } })
  t.same(await promote({ names: ['p'], onConflict: 'update' }, tokens.reader), { name: 'p', result: 'updated' }, 'no value was written')
  t.same(await promote({ names: ['p'], onConflict: 'skip' }, tokens.reader), { name: 'p', result: 'skipped' })
  await gateway.send('PUT', '/environments/dev/secrets/new', { json: { value: 'v' } })
  t.same(Object.keys(await promote({ names: ['new'] }, tokens.reader)), ['name', 'result', 'arn', 'versionId'])
})
