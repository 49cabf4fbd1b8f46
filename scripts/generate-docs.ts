/**
 * Writes the parts of the documentation that are generated from the code:
 *
 * - `docs/problems.md`, from the catalogue of problems
 * - `docs/operations.md`, from the routes
 * - the table of environment variables in `README.md`, from their schema
 * - the table of actions in `docs/authorization.md`, and Cedar's schema for authors of policies, from the actions
 *
 *     node scripts/generate-docs.ts            writes the files
 *     node scripts/generate-docs.ts --check    writes nothing; exits with 1 if a file is out of date
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { actionGroups, actionNames, actionTable, type ResourceType } from '#src/authorization/actions'
import { cedarSchema } from '#src/authorization/schema'
import { operations } from '#src/aws-model/shapes'
import { VariablesSchema } from '#src/config/schema'
import { catalogue, catalogueEntry, type ProblemCode } from '#src/problems/catalogue'
import { builtGateway } from './built-gateway.ts'

const root = join(import.meta.dirname, '..')

function problems (): string {
  const codes = (Object.keys(catalogue) as ProblemCode[])
    .toSorted((one, other) => catalogue[one].status - catalogue[other].status)
  const rows = codes.map((code) => {
    const { status, title, advice } = catalogueEntry(code)
    return `| ${status} | \`${code}\` | ${title} | ${advice} |`
  })
  return [
    '# Problems',
    '',
    'Every error reply is `application/problem+json` (RFC 9457). Programs should rely on `code`; titles and details are for people.',
    'This page is generated from `src/problems/catalogue.ts` by `npm run docs`.',
    '',
    '| status | `code` | title | what to do |',
    '| --- | --- | --- | --- |',
    ...rows,
    ''
  ].join('\n')
}

/** Returns the path of a route's tests: the folders in `test/routes` mirror those in `routes`, which mirror the URLs. */
const testOf = (url: string): string => `test/routes${url.replaceAll('/:', '/_')}/index.test.ts`

async function operationsTable (): Promise<string> {
  const { routes } = await builtGateway()
  const rows = Object.keys(operations).sort().map((operation) => {
    const ofOperation = routes.filter(({ config }) => config?.action === operation)
    const paths = ofOperation.map(({ method, url }) => `\`${String(method)} ${url.replace(/:(\w+)/g, '{$1}')}\``)
    const tests = new Set(ofOperation.map(({ url }) => testOf(url)))
    return { operation, paths, row: `| ${operation}Command | ${paths.join('<br>')} | ${operation} | ${[...tests].join('<br>')} |` }
  })
  const covered = rows.filter(({ paths }) => paths.length > 0).length
  return [
    '# Operations',
    '',
    'The commands of `@aws-sdk/client-secrets-manager`, the routes that call each of them, and the action that the caller needs permission',
    'for. Some routes also call other commands: a PUT that creates the secret, a conditional write, a merge patch. This page is generated',
    'from the routes by `npm run docs`.',
    '',
    `${covered} of ${rows.length} commands are covered:`,
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

/**
 * Replaces the content between the two marks `<!-- NAME -->` and `<!-- /NAME -->`.
 *
 * @throws TypeError if the marks are missing
 */
function between (text: string, name: string, content: string): string {
  const marks = new RegExp(`(?<=<!-- ${name} -->\n)[^]*?(?=<!-- /${name} -->)`)
  if (!marks.test(text)) throw new TypeError(`The marks for ${name} are missing`)
  return text.replace(marks, () => `\n${content}\n\n`)
}

const textOf = async (file: string): Promise<string> => readFile(join(root, file), 'utf8')
const files = {
  'docs/problems.md': problems(),
  'docs/operations.md': await operationsTable(),
  'docs/authorization.md': between(await textOf('docs/authorization.md'), 'actions', actionRows()),
  'policies/schema.cedarschema': cedarSchema,
  'README.md': between(await textOf('README.md'), 'variables', variables())
}

for (const [file, expected] of Object.entries(files)) {
  const path = join(root, file)
  if (!process.argv.includes('--check')) {
    await writeFile(path, expected)
  } else if (await readFile(path, 'utf8') !== expected) {
    console.error(`${file} is out of date: run \`npm run docs\``)
    process.exitCode = 1
  }
}
