import type { Command } from 'commander'
import { reply, type GatewayClient, type Schemas } from '#src/client/client'
import { fieldIn, memberText, objectIn, type FieldMistake } from '#src/json/field'
import { pair, secretName } from './arguments.ts'
import { CommandFailure, WrongUsage } from './terminal.ts'

type SecretValue = Pick<Schemas['SecretValue'], 'name' | 'value' | 'encoding'>

/** Variables, keyed by name, each with its value and the name of the secret that the value comes from. */
export type Variables = ReadonlyMap<string, { secret: string, value: Buffer }>

/** The options that select secrets and name their variables. */
export interface Selection {
  prefix?: string
  secret: string[]
  map: Record<string, string>
  jsonKeys?: boolean
}

/** Adds the options that select secrets and name their variables. */
export function withSelection (command: Command): Command {
  return command
    .option('--prefix <prefix>', 'all secrets whose names begin with this prefix, which is removed from the variables\' names')
    .option('--secret <name>', 'a secret (repeatable)', (name: string, names: string[]) => [...names, secretName(name)], [])
    .option('--map <variable=name>', 'a variable and its secret (repeatable); NAME#KEY selects one key of a JSON object, or what a JSON pointer such as /hosts/0 points to', pair, {})
    .option('--json-keys', 'create a variable for each key of values that are JSON objects')
}

/**
 * Reads the selected secrets and assigns their values to variables.
 *
 * @throws WrongUsage if no secret is selected
 * @throws CommandFailure if a secret can't be read, a variable's name is invalid, or two secrets map to the same variable
 * @throws GatewayProblem, GatewayUnreachable
 */
export async function readVariables (gateway: GatewayClient, env: string, selection: Selection): Promise<Variables> {
  const { prefix, secret, map, jsonKeys = false } = selection
  const mapped = Object.entries(map).map(([variable, reference]) => ({ variable, ...secretReference(reference) }))
  if (prefix === '') throw new WrongUsage('--prefix must not be empty')
  if (prefix === undefined && secret.length + mapped.length === 0) throw new WrongUsage('Specify the secrets with --prefix, --secret or --map')

  const names = new Set([...secret, ...mapped.map(({ name }) => name)])
  const named = names.size === 0 ? [] : await readAll(gateway, env, { names: [...names] })
  const matching = prefix === undefined ? [] : await readAll(gateway, env, { filters: { namePrefix: prefix } })
  if (prefix !== undefined && matching.length === 0) throw new CommandFailure(`No secret in ${env} has a name that begins with ${prefix}`)
  const byName = new Map(named.map((read) => [read.name, read]))

  const variables = new Map<string, { secret: string, value: Buffer }>()
  const add = (variable: string, secret: string, value: Buffer): void => {
    if (!/^[A-Za-z_]\w*$/.test(variable)) throw new CommandFailure(`${secret} would become the variable ${variable}, which is not a valid name: use --map to choose another`)
    const other = variables.get(variable)
    if (other !== undefined) throw new CommandFailure(`${other.secret} and ${secret} would both become the variable ${variable}: use --map to rename one`)
    variables.set(variable, { secret, value })
  }
  const addWhole = (read: SecretValue, name: string): void => {
    const found = objectIn(bytesOf(read))
    if (!jsonKeys || 'mistake' in found) {
      add(variableOf(name), read.name, bytesOf(read))
      return
    }
    for (const [key, member] of Object.entries(found.object)) add(variableOf(`${name}/${key}`), read.name, Buffer.from(memberText(member)))
  }
  for (const read of matching) if (!byName.has(read.name)) addWhole(read, read.name.slice(prefix?.length))
  for (const name of new Set(secret)) addWhole(found(byName, name), name)
  for (const { variable, name, key } of mapped) {
    const read = found(byName, name)
    add(variable, name, key === undefined ? bytesOf(read) : fieldOf(read, key))
  }
  return variables
}

type Query = { names: string[] } | { filters: { namePrefix: string } }

async function readAll (gateway: GatewayClient, env: string, body: Query): Promise<SecretValue[]> {
  const { items } = await reply(gateway.POST('/environments/{env}/values', { params: { path: { env } }, body }))
  const refusals = items.flatMap(({ name, problem }) => problem === undefined ? [] : [`${name}: ${problem.title}`])
  if (refusals.length > 0) throw new CommandFailure(refusals.join('\n'))
  return items.flatMap(({ secret }) => secret ?? [])
}

function found (byName: ReadonlyMap<string, SecretValue>, name: string): SecretValue {
  const read = byName.get(name)
  if (read === undefined) throw new TypeError('A named secret has neither a value nor a problem')
  return read
}

/** Parses the right-hand side of `--map`: a secret's name, optionally followed by `#` and a key. */
function secretReference (text: string): { name: string, key?: string } {
  const [name = '', ...rest] = text.split('#')
  if (name === '') throw new WrongUsage('--map needs the name of a secret: --map VARIABLE=NAME')
  return rest.length === 0 ? { name } : { name, key: rest.join('#') }
}

/** Converts a secret's name to a variable's: `payments/db` becomes `PAYMENTS_DB`. */
const variableOf = (name: string): string => name.replace(/^\/+/, '').replace(/[^A-Za-z0-9]+/g, '_').toUpperCase()

const bytesOf = ({ value, encoding }: SecretValue): Buffer => Buffer.from(value, encoding === 'base64' ? 'base64' : 'utf8')

/** Why a value has no such key. */
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
