import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ProblemSchema, problemBody } from '#src/http/problem-reply'
import { bodyProblems, CredentialHeader, EnvironmentParams, Query, Ref, Reply, withAwsProblems } from '#src/http/schemas'
import { mapInTurns } from '#src/scheduling/turns'
import { closed } from '#src/schema/types'
import { toSecretValue } from '#src/secrets/read'
import { readMatching, readNamed } from '#src/secrets/read-many'
import { maximumItems, Name, SecretValue, ValueFilters } from '#src/secrets/schemas'
import { Unaddressable } from '#src/secrets/unaddressable'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'BatchGetSecretValue' },
    schema: {
      operationId: 'readSecrets',
      tags: ['secrets'],
      summary: 'Read many secrets\' values',
      description: 'By `names`, or by `filters`: the current value of each, or the problem that it has. A name that the caller may not ' +
        'read is a problem of that item alone; filters leave such secrets out. Filters match exactly, and a secret has to match all of them.',
      params: EnvironmentParams,
      querystring: Query({}),
      headers: CredentialHeader,
      body: Type.Union([
        Type.Object({
          names: Type.Array(Name, { minItems: 1, maxItems: maximumItems, uniqueItems: true, examples: [['payments/db', 'session-key']] })
        }, { ...closed, title: 'By name' }),
        Type.Object({ filters: ValueFilters }, { ...closed, title: 'By filters' })
      ]),
      response: {
        200: Reply('The values', Type.Object({
          items: Type.Array(Type.Object({
            name: Name,
            secret: Type.Optional(Ref(SecretValue)),
            problem: Type.Optional(Ref(ProblemSchema))
          })),
          unaddressable: Type.Optional(Unaddressable)
        })),
        ...withAwsProblems(...bodyProblems, 'kms-failure')
      }
    },
    handler: async (request) => {
      const { scope, body } = request
      const { results, ...leftOut } = 'names' in body ? { results: await readNamed(scope, body.names) } : await readMatching(scope, body.filters)
      await request.reportSecrets(await mapInTurns(results, (result) => ({
        name: result.name,
        action: 'GetSecretValue',
        ...('secret' in result ? { versionId: result.secret.versionId } : { problem: result.problem })
      })))
      return {
        items: await mapInTurns(results, (result) => 'secret' in result
          ? { name: result.name, secret: toSecretValue(result.secret) }
          : { name: result.name, problem: problemBody(result.problem, request.id) }),
        ...leftOut
      }
    }
  })
}

export default routes
