import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
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
      description: 'Returns a row for each name that one of the environments has or requires. Each environment is read with ' +
        'its own default credential. The caller needs `ListSecrets` in all of them, and a name is shown where the caller may ' +
        '`DescribeSecret`. With `compareValues`, the report also shows where the values are the same, byte for byte, which ' +
        'requires `CompareValues` in each environment and on each secret. No part of a value leaves the gateway, but a caller ' +
        'who may compare values and may write to one of the environments can test guesses. AWS\'s lists may lack the changes of ' +
        'the last five minutes; the report looks up required secrets and those that this process has changed. The page at ' +
        '`/docs/consistency` shows the report.',
      querystring: Query({
        environments: Type.String({
          pattern: `^${name}(?:,${name}){0,${maximumEnvironments - 1}}$`,
          description: `1 to ${maximumEnvironments} environments, separated by commas`,
          examples: ['dev,staging,prod']
        }),
        compareValues: Type.Optional(Type.Boolean({ default: false, description: 'Compare the values, too' })),
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
