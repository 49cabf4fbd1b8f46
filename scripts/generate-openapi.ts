/**
 * Writes `openapi.yaml`, the gateway's OpenAPI document, from the routes.
 *
 *     node scripts/generate-openapi.ts            writes the file
 *     node scripts/generate-openapi.ts --check    writes nothing; exits with 1 if the file is out of date
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openApiYaml } from '#src/http/openapi-yaml'
import { builtGateway } from './built-gateway.ts'

const file = join(import.meta.dirname, '..', 'openapi.yaml')

const { values: { check } } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const { document } = await builtGateway()
const generated = openApiYaml(document)
if (!check) {
  await writeFile(file, generated)
} else if (generated !== await readFile(file, 'utf8').catch(() => undefined)) {
  console.error('openapi.yaml is out of date with the routes: run `npm run openapi`, review the difference, and commit it.')
  process.exitCode = 1
}
