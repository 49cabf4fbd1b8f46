import t, { type Test } from 'tap'
import { build, policies, tokens, type Gateway, type Reply } from '#test/helper'

const path = '/authorization/check'

const text = `
  @id("administrators") permit (principal in Group::"administrators", action, resource);
  @id("reader") permit (principal == Caller::"reader", action in Action::"read", resource in Environment::"dev")
    when { context.credential == Credential::"dev-account" };
  @id("writer-sees") permit (principal == Caller::"writer", action in Action::"read", resource == Environment::"dev");
  @id("writer") permit (principal == Caller::"writer", action, resource is Secret in Environment::"dev") when { resource.name like "team-a/*" };
  @id("writer-asks") permit (principal == Caller::"writer", action == Action::"CheckAuthorization", resource == Environment::"dev");
  @id("pipeline-writes-unseen") permit (principal == Caller::"pipeline", action in Action::"write", resource in Environment::"dev");
  @id("frozen") forbid (principal, action in Action::"rotate", resource in Environment::"dev");
  @id("hidden") forbid (principal == Caller::"pipeline", action == Action::"DescribeEnvironment", resource == Environment::"dev");
`

type Ask = (json: object, token?: string) => Promise<Reply>

async function asking (t: Test): Promise<{ ask: Ask, gateway: Gateway }> {
  const gateway = await build(t, { authorization: policies(text) })
  return { gateway, ask: async (json, token = tokens.reader) => gateway.send('POST', path, { json, token }) }
}

t.test('checkAuthorization', async (t) => {
  const { ask, gateway } = await asking(t)
  const answer = async (json: object, token?: string): Promise<object> => {
    const reply = await ask(json, token)
    t.equal(reply.status, 200)
    return reply.json
  }
  const read = { action: 'GetSecretValue', environment: 'dev', name: 'payments/db' }

  t.test('returns whether the caller is allowed an action, and the policies that decide', async (t) => {
    t.same(await answer(read), { allowed: true, policies: ['reader'] })
    t.same(await answer({ ...read, action: 'PutSecretValue' }), { allowed: false, policies: [] })
    t.same(await answer({ ...read, action: 'RotateSecret' }), { allowed: false, policies: ['frozen'] })
    t.same(await answer({ action: 'ListSecrets', environment: 'dev' }), { allowed: true, policies: ['reader'] })
    t.same(await answer({ action: 'DescribeEnvironment', environment: 'dev' }), { allowed: true, policies: ['reader'] })
    t.same(await answer({ ...read, name: 'team-a/x' }, tokens.writer), { allowed: true, policies: ['writer'] })
    t.same(await answer({ ...read, name: 'team-ab/x' }, tokens.writer), { allowed: false, policies: [] })
  })

  t.test('decides for the named credential, which the environment must allow', async (t) => {
    t.same(await answer({ ...read, awsCredentialId: 'dev-account' }), { allowed: true, policies: ['reader'] })
    t.same(await answer({ ...read, awsCredentialId: 'unknown-to-aws' }), { allowed: false, policies: [] }, 'allowed in the environment, but not for this caller')
    for (const awsCredentialId of ['prod-account', 'none']) {
      t.same(await answer({ ...read, awsCredentialId }, tokens.administrator), { allowed: false, policies: [] })
    }
  })

  t.test('decides on actions on a credential itself', async (t) => {
    t.same(await answer({ action: 'VerifyCredential', awsCredentialId: 'dev-account' }, tokens.administrator), { allowed: true, policies: ['administrators'] })
    t.same(await answer({ action: 'VerifyCredential', awsCredentialId: 'dev-account' }), { allowed: false, policies: [] })
  })

  t.test('decides for another caller if the caller may CheckAuthorization', async (t) => {
    const about = (id: string, groups: string[] = []): object => ({ ...read, caller: { id, groups, method: 'api-key' } })
    t.same(await answer(about('reader'), tokens.administrator), { allowed: true, policies: ['reader'] })
    t.same(await answer(about('anybody', ['administrators']), tokens.administrator), { allowed: true, policies: ['administrators'] })
    t.same(await answer(about('anybody'), tokens.administrator), { allowed: false, policies: [] })
    t.same(await answer({ ...about('reader'), name: undefined, action: 'ListSecrets' }, tokens.writer), { allowed: true, policies: ['reader'] })
    t.same(await answer({ ...about('pipeline'), action: 'PutSecretValue' }, tokens.writer), { allowed: false, policies: ['hidden'] }, 'denied in an environment that it may not see')
    t.match(await ask(about('writer')), { status: 403, json: { code: 'forbidden' } })
    t.match(await ask(about('reader')), { status: 403, json: { code: 'forbidden' } }, 'not even about itself, if it is named explicitly')
    const credential = { action: 'VerifyCredential', awsCredentialId: 'dev-account', caller: { id: 'reader', groups: [], method: 'api-key' } }
    t.same(await answer(credential, tokens.administrator), { allowed: false, policies: [] })
    t.match(await ask(credential, tokens.writer), { status: 403, json: { code: 'forbidden' } })
  })

  t.test('the permission to ask about others is decided for the credential in the question', async (t) => {
    const about = { ...read, caller: { id: 'reader', groups: [], method: 'api-key' } }
    t.match(await ask(about, tokens.administrator), { status: 200 })
    t.match(await ask({ ...about, awsCredentialId: 'prod-account' }, tokens.administrator), { status: 403 })
  })

  t.test('adds the other caller\'s groups from the configuration', async (t) => {
    const { current } = gateway.fastify.config
    gateway.fastify.config.replace({
      ...current,
      authentication: { ...current.authentication, groups: { administrators: { callers: ['corporate:alice'] } } }
    })
    const caller = { id: 'corporate:alice', groups: ['corporate:staff'], method: 'oidc' }
    t.same(await answer({ ...read, caller }, tokens.administrator), { allowed: true, policies: ['administrators'] })
  })

  t.test('reveals nothing about an environment that the caller may not see', async (t) => {
    const body = async (environment: string, more: object = {}): Promise<object> => {
      const { status, json } = await ask({ ...read, environment, ...more })
      t.equal(status, 404)
      return { ...json, detail: json.detail.replace(environment, 'ENV'), requestId: '', instance: '' }
    }
    const caller = { id: 'administrator', groups: ['administrators'], method: 'api-key' }
    for (const more of [{}, { awsCredentialId: 'prod-account' }, { name: 'n'.repeat(500) }, { caller }, { action: 'DescribeEnvironment', name: undefined }]) {
      t.same(await body('prod', more), await body('none', more))
    }
    t.same(await body('constructor'), await body('none'))
    t.match(await ask({ ...read, action: 'PutSecretValue' }, tokens.pipeline), { status: 404, json: { code: 'not-found' } }, 'like any other request of this caller in the environment')
  })

  t.test('refuses an invalid question', async (t) => {
    const naming = 'must have, with this action, environment and name'
    for (const [json, message] of [
      [{ action: 'GetSecretValue', environment: 'dev' }, naming],
      [{ action: 'GetSecretValue', name: 'a' }, naming],
      [{ action: 'GetSecretValue', awsCredentialId: 'dev-account' }, naming],
      [{ action: 'ListSecrets', environment: 'dev', name: 'a' }, 'must have, with this action, environment, and no name'],
      [{ action: 'VerifyCredential', environment: 'dev', awsCredentialId: 'dev-account' }, 'must have, with this action, awsCredentialId, and neither environment nor name'],
      [{ action: 'VerifyCredential' }, 'must have, with this action, awsCredentialId, and neither environment nor name'],
      [{ action: 'CheckAuthorization' }, 'must have, with this action, environment, and no name; or awsCredentialId, and neither environment nor name'],
      [{ ...read, name: 'n'.repeat(510) }, 'must NOT have more than 508 characters in this environment']
    ] as const) {
      t.match(await ask(json), { status: 400, json: { code: 'invalid-request', errors: [{ in: 'body', message }] } })
    }
    for (const json of [
      { ...read, action: 'secretsmanager:GetSecretValue' }, { ...read, action: 'getsecretvalue' }, { ...read, action: 'read' }, { ...read, action: undefined },
      { ...read, name: '../x' }, { ...read, x: 1 }, { ...read, environment: 'Dev' }, { ...read, awsCredentialId: 'a:b' }, { ...read, caller: 'reader' },
      { ...read, caller: { id: 'a', groups: [], method: 'password' } }, { ...read, caller: { id: 'a', method: 'oidc' } }, { ...read, caller: { id: '', groups: [], method: 'oidc' } },
      { ...read, caller: { id: 'a', groups: [], method: 'oidc', __entity: { type: 'Caller', id: 'administrator' } } }
    ]) {
      t.match(await ask(json, tokens.administrator), { status: 400, json: { code: 'invalid-request', errors: [{ in: 'body' }] } }, JSON.stringify(json))
    }
    t.match(await gateway.send('POST', path, { json: read, token: null }), { status: 401 })
    t.same(gateway.awsCalls, [])
  })
})
