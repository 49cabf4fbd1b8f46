import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { openApiYaml } from '#src/http/openapi-yaml'
import { publicProblems } from '#src/http/schemas'

const document = (mediaType: string): object => ({
  200: {
    'x-response-description': 'The OpenAPI document',
    content: { [mediaType]: { schema: Type.Unknown({ description: 'An OpenAPI 3.1 document' }) } }
  },
  ...publicProblems('rate-limited', 'overloaded')
})

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
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
      response: document('application/json')
    },
    handler: async (_request, reply) => reply.type('application/json').send(JSON.stringify(fastify.swagger()))
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
      response: document('application/yaml')
    },
    handler: async (_request, reply) => reply.type('application/yaml').send(openApiYaml(fastify.swagger()))
  })
}

export default routes
