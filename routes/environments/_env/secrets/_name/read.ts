import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { pendingDeletions } from '#src/environments/environment'
import { CacheControlHeader, cachingOf, maximumAgeIn, RefreshQuery } from '#src/http/caching'
import { represent, ValueReply } from '#src/http/representation'
import { CredentialHeader, Query, SecretParams, withAwsProblems } from '#src/http/schemas'
import { compact } from '#src/json/compact'
import { AwsString, Enum } from '#src/schema/types'
import { readSecret, type ReadResult } from '#src/secrets/read'
import { VersionId } from '#src/secrets/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'GetSecretValue' },
    schema: {
      operationId: 'readSecret',
      tags: ['secrets'],
      summary: 'Read a secret\'s value',
      description: 'Returns the current version, or the one with `versionId` or `versionStage`: as JSON, with `Accept: ' +
        'text/plain` as the text alone, or with `Accept: application/octet-stream` as the bytes. The value may come from the ' +
        'gateway\'s cache, as `Cache-Status` shows. With `Prefer: wait`, the reply waits for a change.',
      params: SecretParams,
      querystring: Query({
        versionId: Type.Optional(VersionId),
        versionStage: Type.Optional(AwsString('SecretVersionStageType', {
          minLength: 0,
          description: 'A staging label; if empty, the current version',
          examples: ['AWSCURRENT']
        })),
        field: Type.Optional(Type.String({
          maxLength: 1024,
          description: 'One field of a value that is JSON, whether it is stored as text or as bytes in UTF-8: a key of its object or, if ' +
            'there is no such key, a JSON pointer (RFC 6901) such as `/database/hosts/0`. If empty, the whole value',
          examples: ['password']
        })),
        parse: Type.Optional(Type.Boolean({
          description: '`true`: the reply also has the value, or the `field` of it, as JSON in `json`. If the value is not JSON, the reply is 409'
        })),
        ...RefreshQuery,
        pendingDeletion: Type.Optional(Enum(pendingDeletions, {
          description: 'The reply for a secret that is scheduled for deletion. `absent`: 404 `secret-not-found`. `conflict`: 409 ' +
            '`secret-pending-deletion`. The default is the environment\'s `pendingDeletion`, or else `conflict`'
        })),
        notFound: Type.Optional(Enum(['secret'], {
          description: '`secret`: 404 only ever means that the secret does not exist or, with `pendingDeletion=absent`, that it is scheduled ' +
            'for deletion. A missing or hidden path or environment is 403, a missing version 409, and a missing field 422. For ' +
            'clients that delete their copy of the secret after a 404'
        }))
      }),
      headers: Type.Object({
        ...CredentialHeader.properties,
        'if-none-match': Type.Optional(Type.String({ description: 'An `ETag`: the reply is 304 if the version still has this tag' })),
        prefer: Type.Optional(Type.String({
          description: '`wait=SECONDS`, with `If-None-Match`: if the current version has this tag, wait for another one. If there is ' +
            'none by then, the reply is 304',
          examples: ['wait=30']
        })),
        ...CacheControlHeader
      }),
      response: {
        200: ValueReply,
        304: Type.Null({ description: 'The version is the one that `If-None-Match` names' }),
        ...withAwsProblems(
          'secret-not-found', 'version-not-found', 'field-not-found', 'not-acceptable', 'secret-has-no-value', 'version-has-no-value',
          'secret-pending-deletion', 'value-not-object', 'value-not-json', 'value-binary', 'kms-failure'
        )
      }
    },
    handler: async (request, reply) => {
      // An empty parameter stands for the default value, because the URL templates of some clients always contain the
      // parameter. One such client is External Secrets Operator.
      const { environment, query } = request
      const { versionId, refresh, parse, pendingDeletion = environment.pendingDeletion } = query
      const [versionStage, field] = [filled(query.versionStage), filled(query.field)]
      const wait = fastify.waitFor(request, reply, { versionId, versionStage })
      const read = async (maximumAge?: number): Promise<ReadResult> => readSecret(
        { ...request.scope, caching: cachingOf(request, reply, maximumAge) },
        request.secretName,
        compact({ versionId, versionStage, field, parse, pendingDeletion })
      )
      // Ignores `Cache-Control` while waiting, because `fetch` adds `no-cache` to every request with `If-None-Match`.
      const accepted = wait === undefined ? maximumAgeIn(request.headers['cache-control']) : undefined
      let secret = await read(refresh === true ? 0 : accepted)
      while (wait?.isKnown(secret.versionId) === true && await wait.next()) secret = await read()
      return represent(request, reply, secret)
    }
  })
}

const filled = (text: string | undefined): string | undefined => text === '' ? undefined : text

export default routes
