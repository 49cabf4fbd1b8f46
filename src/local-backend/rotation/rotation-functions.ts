import { statSync } from 'node:fs'
import { resolve } from 'node:path'

/** The location of a rotation function: an HTTP endpoint, or a module that exports a `handler`. */
export type RotationFunction = { endpoint: URL } | { file: string }

/** Returns the function to call in place of the Lambda function with this ARN; undefined if none is configured. */
export type FindFunction = (arn: string) => RotationFunction | undefined

const functionName = '[A-Za-z0-9-_]{1,140}'
const functionArn = new RegExp(`^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\\d{12}:function:(${functionName})(:[\\w$-]+)?$`)

/**
 * Parses a table of rotation functions. Each key is the ARN or the name of a Lambda function. A name applies to every account and
 * region, but an ARN takes precedence over a name. Each value is an `http:` or `https:` URL, or a file path.
 *
 * @throws Error that names the invalid entry
 */
export function readRotationFunctions (table: Readonly<Record<string, string>>): FindFunction {
  const functions = new Map(Object.entries(table).map(([name, location]) => {
    if (!functionArn.test(name) && !new RegExp(`^${functionName}$`).test(name)) {
      throw new Error(`A rotation function must have the name or the ARN of a Lambda function as its name, not '${name}'`)
    }
    return [name, /^https?:/i.test(location) ? endpointIn(name, location) : fileIn(name, location)]
  }))
  return (arn) => {
    const [, name] = functionArn.exec(arn) ?? []
    return name === undefined ? undefined : functions.get(arn) ?? functions.get(name)
  }
}

function endpointIn (name: string, location: string): RotationFunction {
  const endpoint = URL.parse(location)
  if (endpoint === null) throw new Error(`The rotation function ${name} has an invalid URL`)
  if (endpoint.username !== '' || endpoint.password !== '') throw new Error(`The rotation function ${name} must have a URL without user and password`)
  return { endpoint }
}

function fileIn (name: string, location: string): RotationFunction {
  const file = resolve(location)
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new Error(`The rotation function ${name} must be a URL of http: or https:, or a file; there is no file ${file}`)
  }
  return { file }
}
