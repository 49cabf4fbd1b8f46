import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { CredentialHeader, EnvironmentParams, NextCursor, Page, Query, Ref, Reply, withAwsProblems } from '#src/http/schemas'
import { compact } from '#src/json/compact'
import { Enum } from '#src/schema/types'
import { assessPosture } from '#src/secrets/posture/posture'
import { RuleList, rulesIn, SecretPosture, statuses } from '#src/secrets/posture/schemas'
import { NamePrefix } from '#src/secrets/schemas'
import { Unaddressable } from '#src/secrets/unaddressable'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'AssessPosture' },
    schema: {
      operationId: 'assessPosture',
      tags: ['environments'],
      summary: 'Judge secrets by security rules',
      description: 'Judges each secret by the rules of AWS Security Hub for Secrets Manager, and by further ones. The caller needs ' +
        '`DescribeEnvironment` and `AssessPosture` on the environment, and sees each secret on which it has `AssessPosture`. No ' +
        'value is read. A page looks at `limit` secrets, so with `status` it may have fewer items, or none, although others ' +
        'follow. The last page also has the required secrets that do not exist. The page at `/docs/posture` shows the result.',
      params: EnvironmentParams,
      querystring: Query({
        rule: Type.Optional(RuleList),
        status: Type.Optional(Enum(statuses, { description: 'Only secrets of which a rule has this status' })),
        namePrefix: Type.Optional(NamePrefix),
        ...Page
      }),
      headers: CredentialHeader,
      response: {
        200: Reply('A page of secrets', Type.Object({
          items: Type.Array(Ref(SecretPosture)),
          nextCursor: NextCursor,
          unaddressable: Type.Optional(Unaddressable)
        })),
        ...withAwsProblems()
      }
    },
    handler: async (request) => {
      const { rule, ...query } = request.query
      return assessPosture(request.scope, fastify.cursors, compact({ ...query, rules: rulesIn(rule) }), fastify.now())
    }
  })
}

export default routes
