import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { environmentNamePattern } from '#src/environments/environment'
import { problemBody } from '#src/http/problem-reply'
import { Query, Ref, Reply, withAwsProblems } from '#src/http/schemas'
import { invalidRequest } from '#src/problems/problem'
import { comparedSecrets, compareEnvironments } from '#src/secrets/consistency/compare'
import { ConsistencyReport } from '#src/secrets/consistency/schemas'
import { NamePrefix } from '#src/secrets/schemas'

const maximumEnvironments = 20
const name = environmentNamePattern.slice(1, -1)

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'ListSecrets' },
    schema: {
      operationId: 'compareEnvironments',
      tags: ['environments'],
      summary: 'Compare environments',
      description: 'What each environment has and lacks: a row for each name that one of them has, or must have. Each is asked through its ' +
        'own credential, and the caller has to be allowed `ListSecrets` in all of them; a name is shown where the caller may ' +
        '`DescribeSecret`. With `compareValues` also where they hold the same value, byte for byte; that is the action `CompareValues`, ' +
        'in each environment and for each secret. Nothing of a value leaves the gateway, but whoever may compare and may write to one of ' +
        'the environments can find out whether a guess is right. AWS\'s lists may lack the changes of the last five minutes; required ' +
        'secrets, and those that this process has changed, are looked up. The page at `/docs/consistency` draws it.',
      querystring: Query({
        environments: Type.String({
          pattern: `^${name}(?:,${name}){0,${maximumEnvironments - 1}}$`,
          description: `1 to ${maximumEnvironments} environments, with commas between them`,
          examples: ['dev,staging,prod']
        }),
        compareValues: Type.Optional(Type.Boolean({ default: false, description: 'Also compare the values' })),
        namePrefix: Type.Optional(NamePrefix)
      }),
      response: {
        200: Reply('A row for each name', Ref(ConsistencyReport)),
        ...withAwsProblems('kms-failure')
      }
    },
    handler: async (request) => {
      const { environments: text, ...options } = request.query
      const environments = text.split(',')
      if (new Set(environments).size !== environments.length) {
        throw invalidRequest({ in: 'query', pointer: '/environments', message: 'must NOT name an environment twice' })
      }
      const actions = options.compareValues ? ['ListSecrets', 'CompareValues'] as const : ['ListSecrets'] as const
      const scopes = environments.map((environment) => request.scopeIn(environment, ...actions))
      const { rows, unaddressable } = await compareEnvironments(scopes, options)
      if (options.compareValues) await request.reportSecrets(comparedSecrets(rows))
      return {
        environments,
        items: rows.map(({ name, differs, cells }) => ({
          name,
          differs,
          environments: Object.fromEntries(Array.from(cells, ([{ environment }, { problem, ...cell }]) =>
            [environment.name, problem === undefined ? cell : { ...cell, problem: problemBody(problem, request.id) }]))
        })),
        ...unaddressable.size > 0 && {
          unaddressable: Object.fromEntries(Array.from(unaddressable, ([{ environment }, count]) => [environment.name, count]))
        }
      }
    }
  })
}

export default routes
