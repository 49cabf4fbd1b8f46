/**
 * Generates the parts of the documentation that must agree with the code:
 *
 * - `docs/problems.md` from the catalogue of problems,
 * - `docs/operations.md` from the routes,
 * - the table of environment variables in `docs/configuration.md` from their schema,
 * - the tables in `docs/reliability.md` from the table of faults that the tests plant,
 * - the example of a policy in `docs/aws.md`, from the configuration above it,
 * - the table of actions in `docs/authorization.md`, and the Cedar schema for policy authors, from the actions.
 *
 *     node scripts/generate-docs.ts [--check]
 *
 * With `--check`, writes nothing, and exits with 1 if a file is out of date.
 */
import { glob, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { actionGroups, actionNames, actionTable, type ResourceType } from '#src/authorization/actions'
import { cedarSchema } from '#src/authorization/schema'
import { operations } from '#src/aws-model/shapes'
import type { ConfigFile } from '#src/config/schema'
import { VariablesSchema } from '#src/config/schema'
import { environmentFrom } from '#src/environments/environment'
import { iamPolicy } from '#src/iam/policy'
import { faultOf } from '#src/aws-endpoint/faults'
import { catalogue, catalogueEntry, type ProblemCode } from '#src/problems/catalogue'
import { Problem } from '#src/problems/problem'
import { builtGateway } from './built-gateway.ts'
import { reliabilityTables } from './reliability-tables.ts'

const root = join(import.meta.dirname, '..')

const textOf = async (file: string): Promise<string> => readFile(join(root, file), 'utf8')

function problems (): string {
  const codes = (Object.keys(catalogue) as ProblemCode[])
    .toSorted((one, other) => catalogue[one].status - catalogue[other].status)
  const rows = codes.map((code) => {
    const { status, title, advice } = catalogueEntry(code)
    const { type, status: awsStatus } = faultOf(new Problem(code))
    return `| ${status} | \`${code}\` | ${title} | ${advice} | \`${type}\` (${awsStatus}) |`
  })
  return [
    '# Problems',
    '',
    'Every error is returned as `application/problem+json` (RFC 9457). Programs should go by `code`; the texts are for people.',
    'Callers that use [AWS\'s own protocol](aws-protocol.md#errors) get AWS\'s error instead, and those of [the agent\'s',
    'routes](clients.md#awss-secrets-manager-agent-and-the-lambda-extension) the agent\'s, unless the request matches no route, for',
    'example because it is not well-formed. `npm run docs` generates this page from',
    '`src/problems/catalogue.ts` and `src/aws-endpoint/faults.ts`.',
    '',
    '| status | `code` | title | what to do | AWS\'s error |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    ''
  ].join('\n')
}

/**
 * Returns the test file of each operation ID. The operation IDs are in the files of `routes/`, and each file's tests have the
 * same path in `test/routes/`.
 */
async function testFiles (): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for await (const file of glob('routes/**/*.ts', { cwd: root })) {
    for (const [, operationId = ''] of (await textOf(file)).matchAll(/operationId: '(\w+)'/g)) {
      files.set(operationId, `test/${file.replace(/\.ts$/, '.test.ts')}`)
    }
  }
  return files
}

async function operationsTable (): Promise<string> {
  const { routes } = await builtGateway()
  const tests = await testFiles()
  const rows = Object.keys(operations).sort().map((operation) => {
    const ofOperation = routes.filter(({ config }) => config?.action === operation)
    const paths = ofOperation.map(({ method, url }) => `\`${String(method)} ${url.replace(/:(\w+)/g, '{$1}')}\``)
    const files = new Set(ofOperation.map(({ schema }) => tests.get(schema?.operationId ?? '') ?? ''))
    return { operation, paths, row: `| ${operation}Command | ${paths.join('<br>')} | ${operation} | ${[...files].join('<br>')} |` }
  })
  const reached = rows.filter(({ paths }) => paths.length > 0).length
  return [
    '# Operations',
    '',
    'The commands of `@aws-sdk/client-secrets-manager`, the routes that offer each of them besides [AWS\'s own',
    'protocol](aws-protocol.md), and the action that the caller must be allowed. [Some requests](authorization.md#requirements-of-requests)',
    'require further actions, or call further commands, such as a PUT that creates the secret, a conditional write, or a merge patch.',
    '`npm run docs` generates this page from the routes.',
    '',
    `${reached} of the client's ${rows.length} commands have a route:`,
    '',
    '| command | routes | action | tests |',
    '| --- | --- | --- | --- |',
    ...rows.map(({ row }) => row),
    ''
  ].join('\n')
}

function variables (): string {
  const rows = Object.entries(VariablesSchema.properties).map(([name, { description, default: value }]) =>
    `| \`${name}\` | ${description ?? ''} | ${value === undefined ? '–' : `\`${String(value)}\``} |`)
  return ['| variable | meaning | default |', '| --- | --- | --- |', ...rows].join('\n')
}

function actionRows (): string {
  const types: readonly ResourceType[] = ['Environment', 'Secret', 'Credential']
  const named = (group: string, on: ResourceType): string =>
    actionNames.filter((name) => actionTable[name].group === group && actionTable[name].on.includes(on)).map((name) => `\`${name}\``).join(' ')
  const rows = actionGroups.map((group) => `| \`${group}\` | ${types.map((on) => named(group, on)).join(' | ')} |`)
  return ['| group | on an environment | on a secret | on a credential |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

/** Returns the IAM policy for the configuration in the text, as `secretsctl iam-policy` prints it. */
function policyExample (text: string): string {
  const [, yaml = ''] = /<!-- configuration: secrets -->\n```yaml\n(.*?)```/s.exec(text) ?? []
  const { environments, cache } = parse(yaml) as Pick<ConfigFile, 'environments' | 'cache'>
  const [[name, declared] = []] = Object.entries(environments)
  if (name === undefined || declared === undefined) throw new TypeError('The example has no environment')
  const environment = environmentFrom(name, declared)
  const { policy } = iamPolicy({ environment, credentials: new Map(), queues: cache?.events ?? [] })
  return ['<!-- policy: secrets -->', '```json', JSON.stringify(policy, undefined, 2), '```'].join('\n')
}

const awsPage = await textOf('docs/aws.md')

/**
 * Returns the text with the part between two marker comments replaced.
 *
 * @throws TypeError if the markers are missing
 */
function between (text: string, name: string, content: string): string {
  const marks = new RegExp(`(?<=<!-- ${name} -->\n)[^]*?(?=<!-- /${name} -->)`)
  if (!marks.test(text)) throw new TypeError(`The markers for ${name} are missing`)
  return text.replace(marks, () => `\n${content}\n\n`)
}

const files = {
  'docs/problems.md': problems(),
  'docs/operations.md': await operationsTable(),
  'docs/aws.md': between(awsPage, 'iam-policy', policyExample(awsPage)),
  'docs/authorization.md': between(await textOf('docs/authorization.md'), 'actions', actionRows()),
  'policies/schema.cedarschema': cedarSchema,
  'docs/configuration.md': between(await textOf('docs/configuration.md'), 'variables', variables()),
  'docs/reliability.md': between(await textOf('docs/reliability.md'), 'faults', reliabilityTables())
}

for (const [file, expected] of Object.entries(files)) {
  const path = join(root, file)
  if (!process.argv.includes('--check')) {
    await writeFile(path, expected)
  } else if (await readFile(path, 'utf8') !== expected) {
    console.error(`${file} is out of date: run npm run docs`)
    process.exitCode = 1
  }
}
