/**
 * Writes `openapi.yaml`, the gateway's OpenAPI document, from the routes as they are.
 *
 *     node scripts/generate-openapi.ts            writes it
 *     node scripts/generate-openapi.ts --check    changes nothing; exits with 1 where the file is not up to date
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Fastify from 'fastify'
import { stringify } from 'yaml'
import { app } from '../src/app.ts'
import { configFrom } from '../src/config/config.ts'
import { liveConfig } from '../src/config/live.ts'
import { serverOptions } from '../src/server-options.ts'

const file = join(import.meta.dirname, '..', 'openapi.yaml')

/** The document does not depend on the configuration; the gateway needs one to be built all the same. */
const config = configFrom({
  environments: { dev: { region: 'eu-west-1', credential: 'none' } },
  credentials: { none: { kind: 'default-chain' } },
  authentication: { apiKeys: [] },
  authorization: { grants: [] }
})

async function generate (): Promise<string> {
  const fastify = Fastify(serverOptions('silent'))
  await fastify.register(app, { config: liveConfig(config) })
  await fastify.ready()
  const document = fastify.swagger()
  await fastify.close()
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 })
}

const { values: { check } } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const generated = await generate()
if (!check) {
  await writeFile(file, generated)
} else if (generated !== await readFile(file, 'utf8').catch(() => undefined)) {
  console.error('openapi.yaml is not what the routes say: run `npm run openapi`, look at the difference, and commit it.')
  process.exitCode = 1
}
