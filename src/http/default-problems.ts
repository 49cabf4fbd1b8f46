import { inlineComponents } from './openapi-components.ts'
import { problemMediaType } from './problem-reply.ts'

interface Response {
  content?: Record<string, unknown>
}

interface Document {
  paths?: Record<string, Record<string, { responses: Record<string, Response> }>>
  components?: Record<string, unknown>
}

const anyProblem = {
  description: 'A problem',
  content: { [problemMediaType]: { schema: { $ref: '#/components/schemas/Problem' } } }
}

/**
 * Returns a copy of the OpenAPI document in which each operation has a single `default` response for all problems. All problems
 * have the same form, but most generators of clients write code for each response, and so the same code many times. The copy has
 * no examples, because generators do not use them.
 */
export function withDefaultProblems (given: object): object {
  const { paths = {}, components: { examples, ...components } = {}, ...document } = inlineComponents(given as Document)
  for (const operation of Object.values(paths).flatMap((path) => Object.values(path))) {
    operation.responses = withDefault(operation.responses)
  }
  return { ...document, components: { ...components, responses: { AnyProblem: anyProblem } }, paths }
}

function withDefault (responses: Record<string, Response>): Record<string, object> {
  const others = Object.entries(responses).filter(([, { content = {} }]) => !(problemMediaType in content))
  const hasProblems = others.length < Object.keys(responses).length
  return { ...Object.fromEntries(others), ...hasProblems && { default: { $ref: '#/components/responses/AnyProblem' } } }
}
