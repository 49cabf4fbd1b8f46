import t from 'tap'
import { actionNames, actionTable } from '#src/authorization/actions'
import type { Caller } from '#src/authentication/caller'
import type { Gateway, Reply } from '#test/helper'
import { comparable } from './comparable.ts'
import {
  allowed, ask, awsCallsOnEnvironment, awsCallsOnSecret, callers, cells, described, environments, expected, gatewayFor, onEnvironment, onSecret, tokenOf,
  type Request
} from './matrix.ts'

/*
 * A secret is hidden from a caller who is permitted no action on it. Whatever such a caller asks, the reply must be the same byte
 * for byte, headers included, whether hidden secrets exist or not.
 */

const names = ['before', 'team-a/x', 'team-a/y', 'team-ab/x', 'z/team-a']
const secretActions = actionNames.filter((action) => actionTable[action].on.includes('Secret'))

const isHidden = (caller: Caller, environment: string, name: string): boolean => !(allowed[environment] ?? []).some((credential) =>
  secretActions.some((action) => expected({ caller, environment, name, credential }, [action]) === 'allowed'))

/** Creates these secrets in AWS. They have the same content in each gateway. */
async function create (gateway: Gateway, secrets: readonly { environment: string, name: string }[]): Promise<void> {
  for (const { environment, name } of secrets) {
    await gateway.aws(environment === 'dev' ? 'AKIADEV' : 'AKIAPROD').createSecret({
      Name: `${environment}/${name}`, SecretString: `{"of":"${name}"}`, Description: 'guessed words', Tags: [{ Key: 'guess', Value: 'guessed' }]
    })
  }
  gateway.catchUp()
}

const filters = ['', 'namePrefix=team', 'description=guessed', 'tagKey=guess', 'tagValue=guessed', 'all=guessed', 'tag=guess%3Dguessed']
const searches = filters.flatMap((filter) => ['sort=name&limit=1', 'sort=-lastChangedDate&limit=100'].map((page) => `/secrets?${filter}&${page}`))

/** Requests that name hidden secrets or search for them. A random password is left out, because it always differs. */
const searching: readonly Request[] = [
  ...[...onEnvironment, ...awsCallsOnEnvironment].filter(({ requires }) => !requires.includes('GetRandomPassword')),
  ...searches.map((path): Request => ({ requires: ['ListSecrets'], method: 'GET', path })),
  { requires: ['BatchGetSecretValue'], method: 'POST', path: '/values', json: { names } },
  { requires: ['BatchGetSecretValue'], method: 'POST', path: '/values', json: { filters: { tags: { guess: 'guessed' } } } },
  { requires: ['CreateSecret'], method: 'POST', path: '/secrets', json: { secretNames: names, onConflict: 'skip', dryRun: true } },
  ...['dev', 'prod'].map((from): Request => ({ requires: ['PromoteSecret'], method: 'POST', path: '/promotions', json: { from, names, dryRun: true } }))
]

/** Removes the differences between two gateways: times, and the length of a body that contains times. */
const withoutTimes = (reply: Reply): unknown[] => comparable(reply, 'NAME').map((part) => String(part)
  .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
  .replace(/(?<=Date":)\d+(?:\.\d+)?/g, 'TIME')
  .replace(/(?<="(?:nextCursor|NextToken)":")[^"]+/g, (cursor) => `${cursor.length} characters`)
  .replace(/"content-length","\d+"/, ''))

interface Question {
  title: string
  ask: (gateway: Gateway) => Promise<Reply>
}

/** Returns all requests of a caller about the hidden secrets. */
function questionsOf (caller: Caller, hidden: readonly { environment: string, name: string }[]): Question[] {
  const sent = (title: string, method: string, path: string, json?: unknown): Question =>
    ({ title, ask: async (gateway) => gateway.send(method, path, { token: tokenOf(caller.id), ...json !== undefined && { json } }) })
  const inCells = cells().filter((cell) => cell.caller === caller).flatMap((cell) => [
    ...searching.map((request) => ({ cell, request })),
    // Only with the default credential. The tests of the matrix itself show that the reply depends on the credential.
    ...hidden.filter(({ environment }) => environment === cell.environment && cell.credential === undefined).flatMap(({ name }) =>
      [...onSecret, ...awsCallsOnSecret].map((request) => ({ cell: { ...cell, name }, request })))
  ])
  return [
    ...inCells.map(({ cell, request }) => ({ title: described(cell, request), ask: async (gateway: Gateway) => ask(gateway, cell, request) })),
    sent('the comparison', 'GET', '/consistency?environments=dev,prod'),
    ...environments.map((environment) => sent(`an invalidation in ${environment}`, 'POST', '/cache/invalidations', { environment, secretIds: names })),
    ...hidden.flatMap(({ environment, name }) => secretActions.map((action) =>
      sent(`may it ${action} ${environment}/${name}?`, 'POST', '/authorization/check', { action, environment, name })))
  ]
}

t.test('a caller finds no trace of the secrets that are hidden from it', async (t) => {
  const everything = ['dev', 'prod'].flatMap((environment) => names.map((name) => ({ environment, name })))
  const affected = callers.map((caller) => ({ caller, hidden: everything.filter(({ environment, name }) => isHidden(caller, environment, name)) }))
    .filter(({ hidden }) => hidden.length > 0)
  t.ok(affected.length > 0)
  for (const { caller, hidden } of affected) {
    const [absent, present] = [await gatewayFor(t), await gatewayFor(t)]
    await create(absent, everything.filter((secret) => !hidden.includes(secret)))
    await create(present, everything)
    for (const { title, ask } of questionsOf(caller, hidden)) t.same(withoutTimes(await ask(present)), withoutTimes(await ask(absent)), title)
    const lists = await Promise.all([absent, present].map(async (gateway) => gateway.send('GET', '/environments/dev/secrets', { token: tokenOf('platform') })))
    t.match(lists.map(({ json }) => json.items.length), [2, 5], 'a caller who may see them finds them')
  }
})
