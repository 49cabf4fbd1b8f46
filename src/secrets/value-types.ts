import type { Static } from '@sinclair/typebox'
import { isJsonObject, parseLossless } from '#src/json/lossless'
import { pointerToken } from '#src/json/pointer'
import { Enum } from '#src/schema/types'
import type { Encoding, Value } from './schemas.ts'
import { valueTypes, type ValueTypeName } from './value-type-names.ts'

export const ValueType = Enum(valueTypes, {
  description: 'The type against which the value is checked: `rds`, `documentdb`, `redshift` and `database` are AWS\'s JSON ' +
    'structures for credentials, `key-value` is a flat object of strings; the others are `text` and `binary`. The type is not ' +
    'stored'
})

export type ValueType = ValueTypeName

/** Called for every error, with its location in the body (`member` or `member/member`) and a message. */
type Report = (member: string, message: string) => void

interface Body {
  value?: Static<typeof Value>
  encoding?: Static<typeof Encoding>
}

/** The rule for one member of a JSON object that is stored as a secret's value. */
interface Member {
  fits: (value: unknown) => boolean
  must: string
}

const text: Member = { fits: (value) => typeof value === 'string' && value !== '', must: 'must be a string that is not empty' }
const arn: Member = { fits: (value) => typeof value === 'string' && value.startsWith('arn:'), must: 'must be the ARN of a secret' }

/**
 * A TCP port. AWS writes it as a number, but its rotation functions also accept a string of digits. The number `5432.0` is
 * refused, because it would be stored in this form, which some programs do not accept as an integer.
 */
const port: Member = {
  fits: (value) => (typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value))) &&
    Number.isInteger(Number(value)) && Number(value) >= 1 && Number(value) <= 65_535,
  must: 'must be a TCP port, 1 to 65535'
}

/** A boolean. AWS writes it as a JSON boolean, but its rotation functions also accept the strings `true` and `false`. */
const flag: Member = {
  fits: (value) => typeof value === 'boolean' || value === 'true' || value === 'false',
  must: 'must be true or false'
}

/** The rules for the members that AWS documents ("JSON structure of AWS Secrets Manager secrets"). Other members are allowed. */
const members: Readonly<Record<string, Member>> = {
  engine: text,
  host: text,
  username: text,
  password: text,
  dbname: text,
  port,
  masterarn: arn,
  ssl: flag,
  dbInstanceIdentifier: text,
  dbClusterIdentifier: text,
  namespaceName: text
}

const required = ['engine', 'host', 'username', 'password']

/**
 * Additional members that an engine requires. Db2 needs the ARN of a superuser's secret, because its users can't change their own
 * passwords. Oracle needs a database name, because it has no default database.
 */
const requiredOf: Readonly<Record<string, readonly string[]>> = { db2: ['masterarn'], oracle: ['dbname'] }

/** The engines that each type allows. A type without a list allows any engine. */
const engines: Readonly<Partial<Record<ValueType, readonly string[]>>> = {
  rds: ['db2', 'mariadb', 'mysql', 'oracle', 'postgres', 'sqlserver'],
  documentdb: ['mongo'],
  redshift: ['redshift']
}

type Check = (body: Body, report: Report, type: ValueType) => void

const asObject = (check: (object: Record<string, unknown>, report: Report, type: ValueType) => void): Check =>
  ({ value, encoding }, report, type) => {
    const object = encoding === 'base64' ? undefined : objectFrom(value)
    if (object === undefined) report('value', `must be a JSON object, as the type ${type} asks for`)
    else check(object, report, type)
  }

const credentials = asObject((object, report, type) => {
  const { engine } = object
  const known = engines[type]
  const needed = [...required, ...typeof engine === 'string' && Object.hasOwn(requiredOf, engine) ? requiredOf[engine] ?? [] : []]
  for (const name of needed) {
    if (!Object.hasOwn(object, name)) report(`value/${name}`, `must be there, as the type ${type} asks for`)
  }
  for (const [name, { fits, must }] of Object.entries(members)) {
    if (Object.hasOwn(object, name) && !fits(object[name])) report(`value/${name}`, must)
  }
  if (typeof engine === 'string' && known?.includes(engine) === false) report('value/engine', `must be one of: ${known.join(', ')}`)
})

const keyValue = asObject((object, report) => {
  for (const [name, value] of Object.entries(object)) {
    if (typeof value !== 'string') report(`value/${pointerToken(name)}`, 'must be a string: the type key-value is a flat object of strings')
  }
})

const checks: Readonly<Record<ValueType, Check>> = {
  rds: credentials,
  documentdb: credentials,
  redshift: credentials,
  database: credentials,
  'key-value': keyValue,
  text: ({ value, encoding }, report) => {
    if (typeof value !== 'string') report('value', 'must be a string, as the type text asks for')
    if (encoding === 'base64') report('encoding', 'must be text, as the type text asks for')
  },
  binary: ({ encoding }, report) => {
    if (encoding !== 'base64') report('encoding', 'must be base64, as the type binary asks for')
  }
}

/** Checks a body's value against its type. A type without a value is an error, because it would have no effect. */
export function checkType (type: ValueType, body: Body, report: Report): void {
  if (body.value === undefined) report('type', 'must NOT be given without value')
  else checks[type](body, report, type)
}

/** Returns the value as an object, or undefined if it is neither an object nor the JSON text of an object. */
function objectFrom (value: Body['value']): Record<string, unknown> | undefined {
  const found: unknown = typeof value === 'string' ? parseLossless(value) : value
  return isJsonObject(found) ? found : undefined
}
