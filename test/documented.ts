import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { inlineComponents } from '#src/http/openapi-components'
import { getOrCreate } from '#src/collections/get-or-create'
import type { Reply } from './helper.ts'

interface Documented {
  paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>>
  components: object
}

/**
 * Fails the test unless the OpenAPI document describes the reply's status, its media type and, for JSON, its body. Ignores
 * replies to requests whose path or method is not in the document.
 */
export type CheckReply = (t: Test, method: string, path: string, reply: Reply) => void

/** The folder that the processes of the complete test suite share, which scripts/test.ts creates; undefined in other runs. */
const { TEST_FOLDER: folder } = process.env

/**
 * Returns the OpenAPI document. The first process of the complete test suite stores it for the others, because generating it is
 * slow.
 */
function documentOf (fastify: FastifyInstance): Documented {
  const file = folder && join(folder, 'documented.json')
  if (file !== undefined && existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Documented
  const document = inlineComponents(fastify.swagger()) as unknown as Documented
  if (file !== undefined) {
    // The new file gets its name only when it is complete, because other processes may read it at any time.
    writeFileSync(`${file}.${process.pid}`, JSON.stringify(document))
    renameSync(`${file}.${process.pid}`, file)
  }
  return document
}

let check: CheckReply | undefined

/** Returns a function that checks replies. It is created only once, because all gateways have the same OpenAPI document. */
export function documentedReplies (fastify: FastifyInstance): CheckReply {
  return check ??= checkFrom(documentOf(fastify))
}

function checkFrom (document: Documented): CheckReply {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, validateSchema: false })
  ajv.addSchema({ components: document.components }, 'openapi')
  /** Compiles only one schema of the document, because compiling the whole document is slow. */
  const compile = (schema: object | false): ValidateFunction =>
    ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#', '"$ref":"openapi#')))
  const validators = new Map<object | false, ValidateFunction>()
  const routes = Object.keys(document.paths).map((pattern) => ({
    pattern,
    matches: new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]*')}$`)
  }))

  return (t, method, path, reply) => {
    const [pathname = ''] = path.split('?')
    const pattern = routes.find(({ matches }) => matches.test(pathname))?.pattern
    const operation = method.toLowerCase()
    const responses = pattern === undefined ? undefined : document.paths[pattern]?.[operation]?.responses
    if (pattern === undefined || responses === undefined) return
    const { status } = reply
    const [mediaType = ''] = (reply.headers.get('content-type') ?? '').split(';')
    const documented = responses[status]
    if (documented === undefined || (reply.text !== '' && documented.content?.[mediaType] === undefined)) {
      t.fail(`${method} ${pattern} answers ${status} ${mediaType}, which the document does not have`, { text: reply.text })
      return
    }
    if (reply.json === undefined) return
    const schema = documented.content?.[mediaType]?.schema ?? false
    const validate = getOrCreate(validators, schema, () => compile(schema))
    if (!validate(reply.json)) t.fail(`${method} ${pattern} answers ${status} in another form than the document's`, { errors: validate.errors })
  }
}
