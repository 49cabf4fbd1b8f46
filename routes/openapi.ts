import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { withDefaultProblems } from '#src/http/default-problems'
import { openApiYaml } from '#src/http/openapi-yaml'
import { publicProblems, Query } from '#src/http/schemas'

const document = (mediaType: string): object => ({
  200: {
    'x-response-description': 'The OpenAPI document',
    content: { [mediaType]: { schema: Type.Unknown({ description: 'An OpenAPI 3.1 document' }) } }
  },
  ...publicProblems('invalid-request', 'rate-limited', 'overloaded')
})

const querystring = Query({
  problems: Type.Optional(Type.Literal('default', {
    description: 'Describe all problems of an operation as one `default` response. Clients that are generated from this document are much shorter'
  }))
})

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const documentFor = ({ problems }: { problems?: 'default' }): object =>
    problems === undefined ? fastify.swagger() : withDefaultProblems(fastify.swagger())

  fastify.route({
    method: 'GET',
    url: '/openapi.json',
    config: { action: 'Public' },
    schema: {
      operationId: 'getOpenApiJson',
      tags: ['documentation'],
      summary: 'This document as JSON',
      description: 'The OpenAPI document of the gateway.',
      security: [],
      querystring,
      response: document('application/json')
    },
    handler: async ({ query }, reply) => reply.type('application/json').send(JSON.stringify(documentFor(query)))
  })

  fastify.route({
    method: 'GET',
    url: '/openapi.yaml',
    config: { action: 'Public' },
    schema: {
      operationId: 'getOpenApiYaml',
      tags: ['documentation'],
      summary: 'This document as YAML',
      description: 'The OpenAPI document of the gateway.',
      security: [],
      querystring,
      response: document('application/yaml')
    },
    handler: async ({ query }, reply) => reply.type('application/yaml').send(openApiYaml(documentFor(query)))
  })
}

export default routes
