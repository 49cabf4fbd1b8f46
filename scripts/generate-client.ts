/**
 * Writes `src/client/schema.ts`, the types of the gateway's API, from `openapi.yaml`.
 *
 *     node scripts/generate-client.ts            writes the file
 *     node scripts/generate-client.ts --check    writes nothing; exits with 1 if the file is out of date
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import openapiTypescript, { astToString, COMMENT_HEADER, type OpenAPI3 } from 'openapi-typescript'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '..')
const file = join(root, 'src', 'client', 'schema.ts')

/** Removes the error responses, which would only repeat the type `Problem` for every status of every operation. */
function withoutProblems (document: OpenAPI3): OpenAPI3 {
  const withoutErrors = (responses: object): object =>
    Object.fromEntries(Object.entries(responses).filter(([status]) => Number(status) < 400))
  const paths = Object.entries(document.paths ?? {}).map(([path, methods]) => [
    path,
    Object.fromEntries(Object.entries(methods).map(([method, operation]) =>
      [method, { ...operation, responses: withoutErrors((operation as { responses: object }).responses) }]))
  ] as const)
  return { ...document, paths: Object.fromEntries(paths) }
}

const { values: { check } } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const document = withoutProblems(parse(await readFile(join(root, 'openapi.yaml'), 'utf8')) as OpenAPI3)
const types = await openapiTypescript(document, { alphabetize: true, defaultNonNullable: false })
const generated = COMMENT_HEADER + astToString(types)
if (!check) {
  await writeFile(file, generated)
} else if (generated !== await readFile(file, 'utf8').catch(() => undefined)) {
  console.error('src/client/schema.ts is out of date with openapi.yaml: run `npm run openapi`, review the difference, and commit it.')
  process.exitCode = 1
}
