import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { shareComponents, type SharedDocument } from './openapi-components.ts'
import { problemExamples } from './problem-reply.ts'

type OpenApi = NonNullable<FastifyDynamicSwaggerOptions['openapi']>

/** Returns the options from which `@fastify/swagger` generates the document. `finishDocument` completes it. */
export const documentOptions = (): FastifyDynamicSwaggerOptions => ({
  openapi: describeApi(),
  // OpenAPI has no wildcards in paths.
  transform: ({ schema, url }) => ({ schema, url: url.replace('*', ':secretId') }),
  // Names a component after its schema's `$id`.
  refResolver: { buildLocalReference: ({ $id }, _baseUri, _fragment, index) => typeof $id === 'string' ? $id : `schema-${index}` }
})

const description = `A REST API in front of AWS Secrets Manager: for services that read secrets over plain HTTP, for developers, for
deployment pipelines, and for platform teams that decide who may do what.

**Names.** A secret belongs to an environment and has a name, such as \`payments/db\`. The name is a single segment of a path, so \`/\`
is written \`%2F\`: \`/environments/dev/secrets/payments%2Fdb\`. The segment is decoded exactly once. In AWS, the environment's prefix
precedes the name.

**Authorization.** Send \`Authorization: Bearer <token>\`. The environment determines which AWS credential is used;
\`AWS-Credential-Id\` selects another one that the environment allows.

**Errors** are \`application/problem+json\` (RFC 9457), with a \`code\` for programs. None of them echoes a value or a token.

**Fields.** An unknown field is an error. A field without a value is omitted, and none is \`null\`, except where a secret's own JSON is returned; a list or an
object may be empty. Dates are RFC 3339 in UTC.

**AWS's conventions.** The routes with the tags \`aws\` and \`agent\` have the names, the errors and the dates of AWS and of its agent instead.`

/** Returns the parts of the OpenAPI document that do not come from the routes. */
const describeApi = (): OpenApi => ({
  openapi: '3.1.0',
  info: {
    title: 'secrets-gateway',
    version: '0.1.0',
    description,
    // There is no identifier, because tools show one as a link to a license that does not exist.
    license: { name: 'None: all rights reserved' }
  },
  servers: [{ url: '/', description: 'This gateway' }],
  tags: [
    { name: 'secrets', description: 'Secrets and their values' },
    { name: 'passwords', description: 'Passwords that AWS generates' },
    { name: 'versions', description: 'A secret\'s versions and their staging labels' },
    { name: 'rotation', description: 'The automatic rotation of secrets' },
    { name: 'policies', description: 'Policies of secrets, which AWS evaluates in addition to IAM\'s policies' },
    { name: 'replicas', description: 'Copies of a secret in other regions, which follow it' },
    { name: 'aws', description: 'AWS\'s own protocol, for AWS\'s own clients' },
    { name: 'jobs', description: 'Bulk creates that run in the background' },
    { name: 'cache', description: 'The cached values' },
    { name: 'agent', description: 'The routes of AWS\'s Secrets Manager Agent, if the configuration has a section `agent`' },
    { name: 'environments', description: 'The environments that the configuration declares' },
    { name: 'credentials', description: 'The AWS credentials that the configuration declares' },
    { name: 'authorization', description: 'The permissions of callers' },
    { name: 'authentication', description: 'Tokens for callers that authenticate in another way, and keys for AWS\'s protocol' },
    { name: 'health', description: 'For load balancers and orchestrators' },
    { name: 'documentation', description: 'This document' }
  ],
  security: [{ bearer: [] }],
  components: {
    examples: problemExamples,
    securitySchemes: {
      bearer: {
        type: 'http',
        scheme: 'bearer',
        description: 'An API key, a token of an OpenID Connect issuer, or a token from `POST /auth/aws/login`. In local mode, the ' +
          'developer token. If the gateway accepts client certificates, a caller with such a certificate needs no token.'
      },
      agent: {
        type: 'apiKey',
        in: 'header',
        name: 'X-Aws-Parameters-Secrets-Token',
        description: 'The same token as elsewhere, without `Bearer`, for clients of AWS\'s agent. `X-Vault-Token` is the same.'
      }
    }
  }
})

type Transform = NonNullable<FastifyDynamicSwaggerOptions['transformObject']>

interface Operation {
  parameters?: { in?: string, required?: boolean, example?: unknown, schema?: object }[]
  responses?: Record<string, unknown>
}

type Paths = Record<string, Record<string, Operation>>

/** Completes the generated document in place, and moves repeated parts to the components. */
export const finishDocument: Transform = (document) => {
  if (!('openapiObject' in document)) return document.swaggerObject
  arrange((document.openapiObject.paths ?? {}) as Paths)
  shareComponents(document.openapiObject as SharedDocument)
  removeUnusedExamples(document.openapiObject as SharedDocument)
  return document.openapiObject
}

/** Sorts the operations and their parameters, and prevents Swagger UI from filling in harmful examples. */
export function arrange (paths: Paths): void {
  sortOperations(paths)
  sortParameters(paths)
  removePrefilled(paths)
}

/**
 * Removes the examples of the problems that occur only in items of a bulk create, because no response consists of such a problem.
 */
function removeUnusedExamples ({ paths, components = {} }: SharedDocument): void {
  const text = JSON.stringify([paths, components.responses])
  components.examples = Object.fromEntries(Object.entries(components.examples ?? {}).filter(([name]) =>
    text.includes(`"#/components/examples/${name}"`)))
}

/** The order of a path's operations in the document. A POST that can return 201 counts as `create`. */
const operationOrder = ['get', 'create', 'put', 'patch', 'post', 'delete']

/** Sorts the operations of each path. Otherwise their order would depend on the names of the route files. */
function sortOperations (paths: Paths): void {
  const rank = ([method, { responses }]: [string, Operation]): number =>
    operationOrder.indexOf(method === 'post' && responses?.['201'] !== undefined ? 'create' : method)
  for (const [path, operations] of Object.entries(paths)) {
    paths[path] = Object.fromEntries(Object.entries(operations).sort((one, other) => rank(one) - rank(other)))
  }
}

/** The order of an operation's parameters. Path parameters come first, because they name the subject of the operation. */
const parameterOrder = ['path', 'query', 'header']

/** Sorts the parameters of each operation by their location, in the order of `parameterOrder`. */
function sortParameters (paths: Paths): void {
  const rank = (parameter: { in?: string }): number => parameterOrder.indexOf(parameter.in ?? '')
  for (const { parameters } of Object.values(paths).flatMap((path) => Object.values(path))) {
    parameters?.sort((one, other) => rank(one) - rank(other))
  }
}

/**
 * Moves the examples of some parameters to the parameters' schemas. Otherwise Swagger UI would fill them in and send them. This
 * applies to optional parameters, because all filters at once, or a nonexistent version, make no useful request. It also applies
 * to all parameters of a DELETE, so that users have to type the name of what they delete.
 */
function removePrefilled (paths: Paths): void {
  for (const [method, { parameters = [] }] of Object.values(paths).flatMap((path) => Object.entries(path))) {
    for (const parameter of parameters) {
      if ((parameter.required === true && method !== 'delete') || parameter.example === undefined) continue
      parameter.schema = { ...parameter.schema, examples: [parameter.example] }
      delete parameter.example
    }
  }
}
