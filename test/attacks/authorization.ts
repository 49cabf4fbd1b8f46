import { tokens } from '#test/helper'
import type { Attack } from './attack.ts'

const forbidden = { status: 403, code: 'forbidden' }
const hidden = { status: 404, code: 'not-found' }
const invalid = { status: 400, code: 'invalid-request' }

type CallerName = keyof typeof tokens

interface Sent {
  method?: string
  headers?: readonly (readonly [string, string])[]
  json?: unknown
  type?: string
}

/** Creates an attack by a caller with a valid token but without the necessary permission. */
function as (caller: CallerName, path: string, expected: Attack['expected'], { method = 'GET', headers = [], json, type = 'application/json' }: Sent = {}): Attack {
  return {
    request: {
      method,
      path,
      headers: [['Authorization', `Bearer ${tokens[caller]}`], ...(json === undefined ? [] : [['Content-Type', type] as const]), ...headers],
      ...(json !== undefined && { body: JSON.stringify(json) })
    },
    expected
  }
}

const secret = '/environments/dev/secrets/canary'
const value = { value: 'x' }
const check = { action: 'GetSecretValue', environment: 'dev', name: 'canary' }
const administrator = { id: 'administrator', groups: ['administrators'], method: 'api-key' }

const through = (...ids: readonly string[]): Sent => ({ headers: ids.map((id) => ['AWS-Credential-Id', id] as const) })

/** Attacks by authenticated callers who try to exceed their permissions. */
export const authorizationAttacks = (): Record<string, Attack> => ({
  'a reader writes': as('reader', secret, forbidden, { method: 'PUT', json: value }),
  'a reader creates': as('reader', '/environments/dev/secrets/new', forbidden, { method: 'POST', json: value }),
  'a reader creates many': as('reader', '/environments/dev/secrets', forbidden, { method: 'POST', json: { secretNames: ['new'] } }),
  'a reader deletes': as('reader', secret, forbidden, { method: 'DELETE' }),
  'a reader deletes without a recovery window': as('reader', `${secret}?force=true`, forbidden, { method: 'DELETE' }),
  'a reader lists': as('reader', '/environments/dev/secrets', forbidden),
  'a reader describes': as('reader', `${secret}/metadata`, forbidden),
  'a writer reads': as('writer', secret, forbidden),
  'a writer reads many': as('writer', '/environments/dev/values', forbidden, { method: 'POST', json: { names: ['canary'] } }),
  'a writer patches, which would reveal whether a guess is right': as('writer', `${secret}/value`, forbidden, { method: 'PATCH', json: {}, type: 'application/merge-patch+json' }),
  'a stranger reads': as('stranger', secret, hidden),
  'a pipeline rolls back': as('pipeline', `${secret}/rollback`, forbidden, { method: 'POST', json: {} }),

  'an environment that the caller may not see': as('reader', '/environments/prod', hidden),
  'a secret in an environment that the caller may not see': as('reader', '/environments/prod/secrets/canary', hidden),
  'an environment that does not exist': as('reader', '/environments/none/secrets/canary', hidden),
  'an environment with the name of a JavaScript property': as('reader', '/environments/constructor/secrets/canary', hidden),
  'an environment in upper case': as('reader', '/environments/DEV/secrets/canary', invalid),
  'an environment with path traversal': as('reader', '/environments/dev%2F..%2Fprod/secrets/canary', invalid),
  'dot segments between environments': as('reader', '/environments/dev/../prod/secrets/canary', hidden),
  'an empty segment': as('reader', '/environments//dev/secrets/canary', hidden),
  'a path in upper case': as('reader', '/ENVIRONMENTS/prod/secrets/canary', hidden),

  'a method override': as('reader', secret, forbidden, { method: 'PUT', json: value, headers: [['X-HTTP-Method-Override', 'GET']] }),
  'a method override of a GET': as('writer', secret, forbidden, { headers: [['X-HTTP-Method-Override', 'PUT'], ['X-Method-Override', 'PUT']] }),
  'a method in the query': as('reader', `${secret}?_method=GET`, invalid, { method: 'PUT', json: value }),
  'the operation in AWS\'s header': as('writer', secret, forbidden, { headers: [['X-Amz-Target', 'secretsmanager.PutSecretValue']] }),
  'another path in a header': as('writer', secret, forbidden, { headers: [['X-Original-URL', '/health/live'], ['X-Rewrite-URL', '/health/live']] }),
  'an action in the body': as('writer', `${secret}/rollback`, forbidden, { method: 'POST', json: { action: 'PutSecretValue' } }),
  'another caller in a header': as('writer', secret, forbidden, {
    headers: [['X-Remote-User', 'administrator'], ['X-Authenticated-User', 'administrator'], ['X-Groups', 'administrators']]
  }),

  'a credential of another account': as('reader', secret, forbidden, through('prod-account')),
  'a credential that does not exist': as('reader', secret, forbidden, through('none')),
  'a credential that the policies deny': as('pipeline', secret, forbidden, { method: 'PUT', json: value, ...through('unknown-to-aws') }),
  'a credential in upper case': as('reader', secret, forbidden, through('DEV-ACCOUNT')),
  'a credential that contains policy syntax': as('reader', secret, invalid, through('x" || true || "')),
  'two credentials': as('reader', secret, invalid, through('dev-account', 'prod-account')),
  'the same credential twice': as('reader', secret, invalid, through('dev-account', 'dev-account')),
  'a credential in the query': as('reader', `${secret}?awsCredentialId=prod-account`, invalid),
  'a credential on a route without that header': as('reader', '/environments/dev', invalid, through('dev-account')),
  'a credential in the body of a bulk create': as('pipeline', '/environments/dev/secrets', forbidden, {
    method: 'POST', json: { awsCredentialId: 'prod-account', secretNames: ['new'] }
  }),
  'one credential in the header and another in the body': as('pipeline', '/environments/dev/secrets', invalid, {
    method: 'POST', json: { awsCredentialId: 'unknown-to-aws', secretNames: ['new'] }, ...through('dev-account')
  }),

  'a secret outside the team\'s prefix': as('team', secret, forbidden),
  'a team whose name has the same beginning': as('team', '/environments/dev/secrets/team-ab%2Fdb', forbidden),
  'the prefix without its slash': as('team', '/environments/dev/secrets/team-a', forbidden),
  'the prefix in upper case': as('team', '/environments/dev/secrets/Team-A%2Fdb', forbidden),
  'the prefix in the middle of the name': as('team', '/environments/dev/secrets/x%2Fteam-a%2Fdb', forbidden),
  'path traversal out of the prefix': as('team', '/environments/dev/secrets/team-a%2F..%2Fcanary', invalid),
  'path traversal out of the prefix, with encoded dots': as('team', '/environments/dev/secrets/team-a%2F%2e%2e%2Fcanary', invalid),
  'path traversal out of the prefix, encoded twice': as('team', '/environments/dev/secrets/team-a%252F..%252Fcanary', invalid),
  'path traversal out of the prefix, with backslashes': as('team', '/environments/dev/secrets/team-a%5C..%5Ccanary', invalid),
  'a NUL after the prefix': as('team', '/environments/dev/secrets/team-a%2F%00', invalid),
  'a wildcard in a name': as('team', '/environments/dev/secrets/team-a%2F*', invalid),
  'an ARN instead of a name': as('team', '/environments/dev/secrets/arn:aws:secretsmanager:eu-west-1:111111111111:secret:dev%2Fcanary-AbCdEf', invalid),
  'a quote in a name': as('team', '/environments/dev/secrets/team-a%2F%22%20%7C%7C%20true', invalid),

  'a check of another caller\'s permissions': as('reader', '/authorization/check', forbidden, { method: 'POST', json: { ...check, caller: administrator } }),
  'a check in an environment that the caller may not see': as('reader', '/authorization/check', hidden, { method: 'POST', json: { ...check, environment: 'prod' } }),
  'a check of another caller in an environment that the caller may not see': as('reader', '/authorization/check', hidden, { method: 'POST', json: { ...check, environment: 'prod', caller: administrator } }),
  'a Cedar entity instead of a caller': as('administrator', '/authorization/check', invalid, {
    method: 'POST', json: { ...check, caller: { __entity: { type: 'Caller', id: 'administrator' } } }
  }),
  'a Cedar entity instead of a name': as('administrator', '/authorization/check', invalid, {
    method: 'POST', json: { ...check, name: { __entity: { type: 'Secret', id: 'dev/canary' } } }
  }),
  'a group of actions instead of an action': as('administrator', '/authorization/check', invalid, { method: 'POST', json: { ...check, action: 'administer' } })
})
