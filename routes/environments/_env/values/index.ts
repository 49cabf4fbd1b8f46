import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { CacheControlHeader, cachingOf, maximumAgeIn, RefreshQuery } from '#src/http/caching'
import { ProblemSchema, problemBody } from '#src/http/problem-reply'
import { bodyProblems, CredentialHeader, EnvironmentParams, NextCursor, Page, Query, Ref, Reply, withAwsProblems } from '#src/http/schemas'
import { reserveForReply } from '#src/request/reply-memory'
import { mapInTurns } from '#src/scheduling/turns'
import { closed } from '#src/schema/types'
import { toSecretValue } from '#src/secrets/read'
import { readOutcome } from '#src/secrets/read-many'
import { maximumItems, Name, SecretValue, ValueFilters } from '#src/secrets/schemas'
import { Unaddressable } from '#src/secrets/unaddressable'
import { readMatching, readNamed } from '#src/secrets/value-pages'

/** The headers that state the source of a page of values. Both are absent if the cache is disabled in the environment. */
const PageCacheHeaders = {
  'Cache-Status': {
    type: 'string',
    description: 'Where the values come from (RFC 9211): `hit` only if all come from the cache. `ttl` is that of the first one to become stale'
  },
  Age: { type: 'string', description: 'If all values come from the cache, the age in seconds of the oldest one' }
}

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'BatchGetSecretValue' },
    schema: {
      operationId: 'readSecrets',
      tags: ['secrets'],
      summary: 'Read many secrets\' values',
      description: 'Returns the current value of each secret that `names` or `filters` select, or the problem that prevented ' +
        'reading it. A name that the caller may not read is a problem of that item alone; filters omit such secrets. Filters ' +
        'match exactly, and a secret must match all of them. A page has at most 1,000 secrets or about 4 MiB of values. If it ' +
        'has a `nextCursor`, send the same body with this `cursor` to get the next page. The values may come from the ' +
        'gateway\'s cache, as `Cache-Status` shows; the list of the secrets that match filters always comes from AWS.',
      params: EnvironmentParams,
      querystring: Query(RefreshQuery),
      headers: Type.Object({ ...CredentialHeader.properties, ...CacheControlHeader }),
      body: Type.Union([
        Type.Object({
          names: Type.Array(Name, { minItems: 1, maxItems: maximumItems, uniqueItems: true, examples: [['payments/db', 'session-key']] }),
          cursor: Page.cursor
        }, { ...closed, title: 'By name' }),
        Type.Object({ filters: ValueFilters, cursor: Page.cursor }, { ...closed, title: 'By filters' })
      ]),
      response: {
        200: Reply('A page of values', Type.Object({
          items: Type.Array(Type.Object({
            name: Name,
            secret: Type.Optional(Ref(SecretValue)),
            problem: Type.Optional(Ref(ProblemSchema))
          })),
          nextCursor: NextCursor,
          unaddressable: Type.Optional(Unaddressable)
        }), { headers: PageCacheHeaders }),
        ...withAwsProblems(...bodyProblems, 'kms-failure')
      }
    },
    handler: async (request, reply) => {
      const { body, environment, query: { refresh } } = request
      const maximumAge = refresh === true ? 0 : maximumAgeIn(request.headers['cache-control'])
      const scope = fastify.isCached(environment)
        ? { ...request.scope, caching: cachingOf(request, reply, maximumAge) }
        : request.scope
      const context = { cursors: fastify.cursors, reserve: reserveForReply(fastify.memory, scope.callerId, reply.raw) }
      const { results, ...others } = 'names' in body ? await readNamed(scope, context, body) : await readMatching(scope, context, body)
      await request.reportSecrets(await mapInTurns(results, readOutcome))
      return {
        items: await mapInTurns(results, (result) => 'secret' in result
          ? { name: result.name, secret: toSecretValue(result.secret) }
          : { name: result.name, problem: problemBody(result.problem, request.id) }),
        ...others
      }
    }
  })
}

export default routes
