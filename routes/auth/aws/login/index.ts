import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { bodyProblems, Reply, withProblems } from '#src/http/schemas'
import { closed } from '#src/schema/types'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'Public' },
    // Together, the accepted headers are less than 12 KiB, and JSON escapes hardly any of their characters.
    bodyLimit: 32 * 1024,
    schema: {
      operationId: 'logInWithAws',
      tags: ['authentication'],
      summary: 'Log in with an AWS identity',
      description: 'Sign `POST https://sts.REGION.amazonaws.com/` with the body `Action=GetCallerIdentity&Version=2011-06-15` ' +
        'and a header `X-Secrets-Gateway-Server-Id` that names this gateway, and send the headers to the gateway instead of to ' +
        'AWS. The gateway has STS identify the signer, and issues a token for that user or role, which is valid for some ' +
        'minutes. A signature is accepted only once, by all replicas of the gateway together if they share their state.',
      security: [],
      body: Type.Object({
        headers: Type.Record(Type.String(), Type.String({ maxLength: 8192 }), {
          maxProperties: 16,
          description: '`Authorization`, `X-Amz-Date`, `X-Secrets-Gateway-Server-Id` and, with temporary keys, ' +
            '`X-Amz-Security-Token`. `Host`, `Content-Type`, `Content-Length` and `X-Amz-Content-Sha256` are also accepted, ' +
            'and so is `X-Secrets-Gateway-Nonce`, for keys that sign more than once in a second. All but the first must be ' +
            'signed',
          examples: [{
            Authorization: 'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261121/eu-west-1/sts/aws4_request, ' +
              'SignedHeaders=host;x-amz-date;x-secrets-gateway-server-id, Signature=…',
            'X-Amz-Date': '20261121T101500Z',
            'X-Secrets-Gateway-Server-Id': 'secrets.example.com'
          }]
        })
      }, closed),
      response: {
        200: Reply('The token', Type.Object({
          token: Type.String({ description: 'For `Authorization: Bearer`' }),
          expires: Type.String({ format: 'date-time', description: 'The time at which it expires' }),
          caller: Type.String({ description: 'The caller that the token identifies', examples: ['aws:111122223333:AROAEXAMPLEEXAMPLEID'] })
        })),
        ...withProblems('not-found', 'shared-state-unavailable', ...bodyProblems)
      }
    },
    handler: async (request, reply) => {
      const { token, expires, caller } = await fastify.awsLogin(request.body.headers)
      request.reportOutcome({ caller })
      reply.header('cache-control', 'no-store')
      return { token, expires: new Date(expires).toISOString(), caller: caller.id }
    }
  })
}

export default routes
