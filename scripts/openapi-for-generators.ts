/**
 * Writes the OpenAPI document for client generators to standard output. It is the document in `openapi.yaml`, but with a single
 * `default` response for all problems of an operation. All problems have the same form, so generators would otherwise generate
 * the same code for each of them.
 *
 *     node scripts/openapi-for-generators.ts > openapi-for-generators.yaml
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { inlineComponents } from '#src/http/openapi-components'
import { openApiYaml } from '#src/http/openapi-yaml'
import { problemMediaType } from '#src/http/problem-reply'

interface Response {
  content?: Record<string, unknown>
}

interface Document {
  paths: Record<string, Record<string, { responses: Record<string, Response> }>>
  components: Record<string, unknown>
}

const defaultProblem = {
  description: 'A problem',
  content: { [problemMediaType]: { schema: { $ref: '#/components/schemas/Problem' } } }
}

/** Replaces the responses that are problems. */
function withDefault (responses: Record<string, Response>): Record<string, unknown> {
  const others = Object.entries(responses).filter(([, { content = {} }]) => !(problemMediaType in content))
  return { ...Object.fromEntries(others), ...others.length < Object.keys(responses).length && { default: { $ref: '#/components/responses/AnyProblem' } } }
}

const document = inlineComponents(parse(await readFile(join(import.meta.dirname, '..', 'openapi.yaml'), 'utf8')) as Document)
delete document.components.examples
for (const path of Object.values(document.paths)) {
  for (const operation of Object.values(path)) Object.assign(operation, { responses: withDefault(operation.responses) })
}
document.components.responses = { AnyProblem: defaultProblem }
process.stdout.write(openApiYaml(document))
