import { statSync } from 'node:fs'
import { resolve } from 'node:path'

/** Where a rotation function is: an HTTP endpoint, or a module that exports a `handler`. */
export type RotationFunction = { endpoint: URL } | { file: string }

/** Finds the function that an ARN names; undefined if there is none. */
export type FindFunction = (arn: string) => RotationFunction | undefined

const functionName = '[A-Za-z0-9-_]{1,140}'
const functionArn = new RegExp(`^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\\d{12}:function:(${functionName})(:[\\w$-]+)?$`)

/**
 * Reads a table of rotation functions: by name, which stands for the function of that name in any account and region, or by ARN,
 * which goes before. Each is a URL of `http:` or `https:`, or a file. Throws, naming what is wrong.
 */
export function readRotationFunctions (table: Readonly<Record<string, string>>): FindFunction {
  const functions = new Map(Object.entries(table).map(([name, place]) => {
    if (!functionArn.test(name) && !new RegExp(`^${functionName}$`).test(name)) {
      throw new Error(`A rotation function must be named by the name or the ARN of a Lambda function, not '${name}'`)
    }
    return [name, /^https?:/i.test(place) ? endpointIn(name, place) : fileIn(name, place)]
  }))
  return (arn) => {
    const [, name] = functionArn.exec(arn) ?? []
    return name === undefined ? undefined : functions.get(arn) ?? functions.get(name)
  }
}

function endpointIn (name: string, place: string): RotationFunction {
  const endpoint = URL.parse(place)
  if (endpoint === null) throw new Error(`The rotation function ${name} has an invalid URL`)
  if (endpoint.username !== '' || endpoint.password !== '') throw new Error(`The rotation function ${name} must have a URL without a user`)
  return { endpoint }
}

function fileIn (name: string, place: string): RotationFunction {
  const file = resolve(place)
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new Error(`The rotation function ${name} must be a URL of http: or https:, or a file; there is no file ${file}`)
  }
  return { file }
}
