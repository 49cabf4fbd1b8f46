import { Type, type Static } from '@sinclair/typebox'
import { secretOf } from '#src/aws/caching'
import type { ReadSecret } from '#src/aws/secret'
import type { Environment } from '#src/environments/environment'
import { problemResponses, RequestId } from '#src/http/problem-reply'

/** The JSON that AWS's agent returns for a version of a secret. */
export const AgentSecret = Type.Object({
  ARN: Type.String({ description: 'The secret\'s ARN' }),
  Name: Type.String({ description: 'The AWS name of the secret, including the environment\'s prefix', examples: ['prod/payments/db'] }),
  VersionId: Type.String({ description: 'The version\'s ID' }),
  SecretString: Type.Optional(Type.String({ description: 'The value, if it is text' })),
  SecretBinary: Type.Optional(Type.String({ description: 'The value in base64, if it is binary' })),
  VersionStages: Type.Array(Type.String(), { description: 'The version\'s staging labels' }),
  CreatedDate: Type.String({ description: 'The creation date of the version, in seconds since 1970', examples: ['1795841224.924'] })
})

/** Returns the agent's JSON for a version. */
export function agentReply (environment: Environment, secret: ReadSecret): Static<typeof AgentSecret> {
  const { name, arn, versionId, versionStages, createdDate, content } = secret
  return {
    ARN: arn,
    Name: secretOf({ environment }, name),
    VersionId: versionId,
    ...typeof content === 'string' ? { SecretString: content } : { SecretBinary: Buffer.from(content).toString('base64') },
    VersionStages: [...versionStages],
    CreatedDate: String(createdDate.getTime() / 1_000)
  }
}

const text = { 'text/plain': { schema: Type.String() } }
const fault = { 'application/json': { schema: Type.Object({ __type: Type.String(), message: Type.Optional(Type.String()) }) } }

/** The agent's other replies, for OpenAPI. While its routes are disabled, the reply is a problem document instead. */
export const AgentReplies = {
  healthy: { description: '`healthy`', headers: RequestId, content: text },
  forwarded: { description: '`Forwarded`: a proxy that is not trusted has forwarded the request', headers: RequestId, content: text },
  refusals: {
    400: {
      description: 'A text if the request is invalid, or AWS\'s error, such as `ResourceNotFoundException`',
      headers: RequestId,
      content: { ...text, ...fault }
    },
    403: { description: '`Bad Token`: there is no valid token', headers: RequestId, content: text },
    429: { description: '`Connection limit exceeded`: there are too many requests', headers: RequestId, content: text },
    500: { description: 'AWS\'s error or, as `InternalFailure`, the gateway\'s', headers: RequestId, content: fault },
    502: { description: '`ConnectionError`: AWS could not be reached', headers: RequestId, content: fault },
    504: { description: '`TimeoutError`: AWS did not answer in time', headers: RequestId, content: fault }
  },
  off: problemResponses('not-found')
}
