import fp from 'fastify-plugin'
import { CredentialDescription, ProvedCredential } from '#src/credentials/schemas'
import { EnvironmentDescription } from '#src/environments/schemas'
import { ProblemSchema } from '#src/http/problem-reply'
import { compileSerializersLater, serializerCompiler } from '#src/http/serialization'
import { JobReply } from '#src/jobs/schemas'
import { BulkCreateReply, BulkItemReply } from '#src/secrets/bulk/schemas'
import { ConsistencyReport } from '#src/secrets/consistency/schemas'
import { SecretPosture } from '#src/secrets/posture/schemas'
import { PromotionReply } from '#src/secrets/promotions/schemas'
import { References } from '#src/secrets/references/schemas'
import { SecretMetadata, SecretValue, SecretVersion, WrittenSecret } from '#src/secrets/schemas'

const shared = [
  ProblemSchema, BulkItemReply, BulkCreateReply, JobReply, ConsistencyReport, EnvironmentDescription, PromotionReply, References,
  SecretMetadata, SecretPosture, SecretValue, SecretVersion, WrittenSecret, CredentialDescription, ProvedCredential
]

/** All gateways of a process share the compiled serializers, because their schemas are the same. */
const compile = compileSerializersLater(serializerCompiler(shared))

/** Registers the schemas that the routes' reply schemas refer to. They become components of the OpenAPI document. */
export default fp(async (fastify) => {
  for (const schema of shared) fastify.addSchema(schema)
  fastify.setSerializerCompiler(compile)
}, { name: 'schemas' })
