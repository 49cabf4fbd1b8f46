import type { Command } from 'commander'
import { GatewayUnreachable, reply, type GatewayClient, type Schemas } from '#src/client/client'
import { fieldIn, memberText, objectIn, type FieldMistake } from '#src/json/field'
import { namePrefix, pair, secretName } from './arguments.ts'
import { compact } from '#src/json/compact'
import { listSecrets } from './listing.ts'
import { namingSecrets } from './named-errors.ts'
import { allItems } from './pages.ts'
import { sentenceOf } from './problem-lines.ts'
import { CommandFailure, WrongUsage, type Terminal } from './terminal.ts'
import { isDots, shellWord } from './text.ts'

type SecretValue = Pick<Schemas['SecretValue'], 'name' | 'value' | 'encoding'>

/** Variables, keyed by name, each with its value and the name of the secret that the value comes from. */
export type Variables = ReadonlyMap<string, { secret: string, value: Buffer }>

/** The variables for a selection. */
export interface SelectedVariables {
  variables: Variables
  /** The number of secrets that have the prefix but are left out, because the gateway can't address their names. */
  unaddressable: number
}

/** The options that select secrets and determine the names of their variables. */
export interface Selection {
  prefix?: string
  secret: string[]
  map: Record<string, string>
  jsonKeys?: boolean
  /** Selects all secrets that the caller may read. */
  all?: boolean
  /** Leaves out secrets without a value, which are an error otherwise. */
  skipPlaceholders?: boolean
  /** The mapping of a project file, in the form of `map`. It must not set variables that change how programs run. */
  mapping?: Record<string, string>
}

/** Adds the options that select secrets and determine the names of their variables. */
export function withSelection (command: Command): Command {
  return command
    .option('--prefix <prefix>', 'all secrets whose names begin with this prefix; with payments/, payments/db-url is the variable DB_URL', namePrefix)
    .option('--secret <name>', 'a secret (repeatable)', (name: string, names: string[]) => [...names, secretName(name)], [])
    .option('--map <variable=name>', 'a variable and its secret (repeatable); NAME#KEY selects one key of a JSON object, or what a JSON pointer such as /hosts/0 points to. It can also set variables that steer programs, such as PATH', pair, {})
    .option('--all', 'all secrets of the environment that you may read')
    .option('--skip-placeholders', 'leave out secrets that have no value yet; otherwise they are an error')
    .option('--json-keys', 'create a variable for each key of values that are JSON objects')
}

/**
 * Returns the options' selection or, if they select nothing, the project file's.
 *
 * @throws CommandFailure if the project file can't be used
 */
export function selectionFrom (options: Selection, terminal: Terminal): Selection {
  const { prefix, secret, map, all = false } = options
  if (all && prefix !== undefined) throw new WrongUsage('Choose either --all or --prefix')
  if (all || prefix !== undefined || secret.length + Object.keys(map).length > 0) return options
  const project = terminal.project()
  return { ...options, ...compact({ prefix: project?.prefix, mapping: project?.mapping }) }
}

/** Returns the prefix and the names of the selected secrets. */
export function selectedSecrets (selection: Selection): { namePrefix?: string, names?: string[] } {
  const { prefix, secret, map, mapping = {} } = selection
  const mapped = Object.values({ ...mapping, ...map }).map((reference) => secretReference(reference).name)
  const names = [...new Set([...secret, ...mapped])]
  return { ...prefix !== undefined && { namePrefix: prefix }, ...names.length > 0 && { names } }
}

/** Decides whether a secret may set a variable with this name. Returns the reason if it may not, otherwise undefined. */
export type Refusal = (variable: string) => string | undefined

/** The reference to a secret, or to a key of its value, on the right-hand side of `--map`. */
interface Reference {
  name: string
  key?: string
}

/**
 * Reads the selected secrets and assigns their values to variables.
 *
 * @param refusal decides about the names that come from secrets' names or keys. All names in `--map` are allowed, because the
 *   user chose them.
 * @throws WrongUsage if no secret is selected
 * @throws CommandFailure if a secret can't be read, if a variable's name is invalid or refused, or if two secrets map to the same
 *   variable
 * @throws GatewayProblem, GatewayUnreachable
 */
export async function readVariables (
  gateway: GatewayClient, env: string, selection: Selection, refusal: Refusal
): Promise<SelectedVariables> {
  const { prefix, secret, map, jsonKeys = false, all = false, skipPlaceholders = false, mapping = {} } = selection
  const references = Object.entries({ ...mapping, ...map })
  const mapped = references.map(([variable, reference]) => ({ variable, ...secretReference(reference) }))
  const invalid = mapped.find(({ variable }) => !isVariable(variable))
  if (invalid !== undefined) throw new WrongUsage(`${invalid.variable} in ${Object.hasOwn(map, invalid.variable) ? '--map' : '.secretsctl.yaml'} is not a valid name for a variable`)
  if (!all && prefix === undefined && secret.length + mapped.length === 0) {
    throw new WrongUsage('Specify the secrets with --prefix, --secret, --map or --all, or in .secretsctl.yaml')
  }

  const { names } = selectedSecrets(selection)
  const mode = { skipPlaceholders, skipForbidden: false }
  const { values: named } = names === undefined ? nothing : await readAll(gateway, env, { names }, mode)
  const matchingOrAll = async (): Promise<ReadValues> => {
    if (all) return readEverything(gateway, env, skipPlaceholders)
    return prefix === undefined ? nothing : readAll(gateway, env, { filters: { namePrefix: prefix } }, mode)
  }
  const { values: matching, unaddressable } = await matchingOrAll()
  if (all && matching.length === 0) throw new CommandFailure(`${env} has no secret that you may read and that has a value`)
  if (prefix !== undefined && matching.length === 0) {
    const exception = unaddressable === 0 ? '' : `, except ${unaddressable} with names that the gateway can't address`
    throw new CommandFailure(`No secret in ${env} has a name that begins with ${prefix}${exception}`)
  }
  const byName = new Map(named.map((read) => [read.name, read]))
  const isSkipped = (name: string): boolean => skipPlaceholders && !byName.has(name)

  const variables = new Map<string, { secret: string, value: Buffer }>()
  const refused: string[] = []
  const remedies: string[] = []
  const add = (variable: string, { name, key }: Reference, value: Buffer): void => {
    if (!isVariable(variable)) throw new CommandFailure(`${name} would become the variable ${variable}, which is not a valid name: use --map to choose another`)
    const other = variables.get(variable)
    if (other !== undefined) throw new CommandFailure(`${other.secret} and ${name} would both become the variable ${variable}: use --map to rename one`)
    variables.set(variable, { secret: name, value })
    const reason = Object.hasOwn(map, variable) ? undefined : refusal(variable)
    if (reason === undefined) return
    refused.push(`  ${variable}, from ${key === undefined ? name : `the key ${key} of ${name}`}: ${reason}`)
    remedies.push(`--map ${shellWord(`${variable}=${key === undefined ? name : `${name}#${key}`}`)}`)
  }
  const isMapped = (name: string, key?: string): boolean =>
    mapped.some((reference) => reference.name === name && reference.key === key)
  /** Adds the variables of a secret, except those that `--map` renames. `path` is the secret's name without the prefix. */
  const addWhole = (read: SecretValue, path: string): void => {
    const { name } = read
    const members = jsonKeys ? objectIn(bytesOf(read)) : undefined
    if (members === undefined || 'mistake' in members) {
      add(variableOf(path), { name }, bytesOf(read))
      return
    }
    for (const [key, member] of Object.entries(members.object)) {
      if (!isMapped(name, key)) add(variableOf(`${path}/${key}`), { name, key }, Buffer.from(memberText(member)))
    }
  }
  const isLeftOut = ({ name }: SecretValue): boolean => secret.includes(name) || isMapped(name) || (!jsonKeys && byName.has(name))
  for (const read of matching) if (!isLeftOut(read)) addWhole(read, read.name.slice(prefix?.length))
  for (const name of new Set(secret)) if (!isMapped(name) && !isSkipped(name)) addWhole(found(byName, name), name)
  for (const { variable, ...reference } of mapped) {
    if (isSkipped(reference.name)) continue
    const read = found(byName, reference.name)
    add(variable, reference, reference.key === undefined ? bytesOf(read) : fieldOf(read, reference.key))
  }
  if (refused.length > 0) {
    throw new CommandFailure('A secret may not choose these names for its variables:', ...refused, 'To use them all the same, add:', `  ${remedies.join(' ')}`)
  }
  return { variables, unaddressable }
}

type Query = { names: string[] } | { filters: { namePrefix: string } }

interface ReadValues {
  values: SecretValue[]
  /** The number of secrets that were left out because of their names. */
  unaddressable: number
}

const nothing: ReadValues = { values: [], unaddressable: 0 }

/** Which secrets without a readable value to leave out. Any other secret without a readable value is an error. */
interface Mode {
  skipPlaceholders: boolean
  skipForbidden: boolean
}

/** The number of names in one request. */
const batchSize = 500

/** Reads all secrets of an environment that the caller may read. */
async function readEverything (gateway: GatewayClient, env: string, skipPlaceholders: boolean): Promise<ReadValues> {
  const { secrets, unaddressable } = await listSecrets(gateway, env, {})
  const names = secrets.map(({ name }) => name)
  const values: SecretValue[] = []
  for (let start = 0; start < names.length; start += batchSize) {
    const batch = { names: names.slice(start, start + batchSize) }
    for (const value of (await readAll(gateway, env, batch, { skipPlaceholders, skipForbidden: true })).values) values.push(value)
  }
  return { values, unaddressable }
}

async function readAll (
  gateway: GatewayClient, env: string, body: Query, { skipPlaceholders, skipForbidden }: Mode
): Promise<ReadValues> {
  let leftOut = 0
  const items = await allItems(async (page) => {
    const request = gateway.POST('/environments/{env}/values', { params: { path: { env } }, body: { ...body, ...page } })
    const read = await namingSecrets(body, reply(request))
    leftOut += read.unaddressable ?? 0
    return read
  })
  const skipped = new Set<string>([...skipPlaceholders ? ['secret-has-no-value'] : [], ...skipForbidden ? ['forbidden'] : []])
  const problems = items.flatMap(({ name, problem }) =>
    problem === undefined || skipped.has(problem.code) ? [] : [{ name, problem }])
  if (problems.length > 0) {
    const hasPlaceholder = problems.some(({ problem }) => problem.code === 'secret-has-no-value')
    throw new CommandFailure(
      ...problems.map(({ name, problem }) => `${name}: ${sentenceOf(problem)}`),
      ...hasPlaceholder ? ['To leave secrets without a value out, add --skip-placeholders'] : []
    )
  }
  return { values: items.flatMap(({ secret }) => secret ?? []), unaddressable: leftOut }
}

function found (byName: ReadonlyMap<string, SecretValue>, name: string): SecretValue {
  const read = byName.get(name)
  if (read === undefined) throw new GatewayUnreachable(`The reply is not that of a secrets gateway: ${name} has neither a value nor a problem`)
  return read
}

/** Parses the right-hand side of `--map`: a secret's name, optionally followed by `#` and a key. */
function secretReference (text: string): Reference {
  const [name = '', ...rest] = text.split('#')
  if (name === '' || isDots(name)) throw new WrongUsage('--map needs the name of a secret: --map VARIABLE=NAME')
  return rest.length === 0 ? { name } : { name, key: rest.join('#') }
}

const isVariable = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name)

/** Converts a secret's name to the name of a variable: `payments/db` becomes `PAYMENTS_DB`. */
export const variableOf = (name: string): string => name.replace(/^\/+/, '').replace(/[^A-Za-z0-9]+/g, '_').toUpperCase()

const bytesOf = ({ value, encoding }: SecretValue): Buffer => Buffer.from(value, encoding === 'base64' ? 'base64' : 'utf8')

/** The reasons why a value does not have the key that `--map` names, as error messages show them. */
const mistakes: Readonly<Record<FieldMistake, string>> = {
  binary: 'the value is binary',
  'not-json': 'the value is not JSON',
  'not-object': 'the value is JSON, but not an object',
  missing: 'the value is a JSON object without that key'
}

function fieldOf (read: SecretValue, key: string): Buffer {
  const found = fieldIn(bytesOf(read), key)
  if ('mistake' in found) throw new CommandFailure(`${read.name} has no key ${key}: ${mistakes[found.mistake]}`)
  return Buffer.from(found.text)
}
