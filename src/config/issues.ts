import type { ErrorObject } from 'ajv'
import { credentialKinds } from '#src/credentials/definition'

/** An issue in the configuration: the key, the value found and the value expected. */
export interface ConfigIssue {
  key: string
  found: string
  expected: string
}

/** An issue in a file that the configuration names, such as a policy file: its location and a message. */
export interface FileIssue {
  place: string
  message: string
}

/** Thrown if the configuration is invalid. At startup, the process then exits with status 78 (EX_CONFIG of sysexits.h). */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor (issues: readonly (ConfigIssue | FileIssue)[]) {
    super(issues.map((issue) => 'message' in issue
      ? `${issue.place}: ${issue.message}`
      : `${issue.key}: found ${issue.found}, expected ${issue.expected}`).join('\n'))
  }
}

/** Describes a value for an error message. Never quotes a string, because it could be a secret pasted into the wrong place. */
function describe (value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'string' ? `a string of ${value.length} characters` : `${typeof value} ${JSON.stringify(value)}`
}

const keyOf = (error: ErrorObject): string => {
  const path = error.instancePath.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const { missingProperty, additionalProperty } = error.params as { missingProperty?: string, additionalProperty?: string }
  return [...path, missingProperty ?? additionalProperty ?? []].flat().join('.')
}

const expectations: Partial<Record<string, (params: Record<string, unknown>) => string>> = {
  required: () => 'a value',
  additionalProperties: () => 'no such key',
  enum: ({ allowedValues }) => `one of: ${(allowedValues as string[]).join(', ')}`,
  const: ({ allowedValue }) => String(allowedValue),
  type: ({ type }) => String(type),
  discriminator: () => `a kind that is one of: ${credentialKinds.join(', ')}`,
  pattern: ({ pattern }) => `a string that matches ${String(pattern)}`
}

/**
 * Returns a schema's description of its pattern, for the error message. Skips descriptions that begin with a capital letter,
 * because those are full sentences for the documentation.
 */
function patternMeaning ({ keyword, parentSchema }: ErrorObject): string | undefined {
  const description: unknown = parentSchema?.description
  return keyword === 'pattern' && typeof description === 'string' && /^[a-z]/.test(description) ? description : undefined
}

/** Converts a schema validation error to an issue. */
export function issueFrom (error: ErrorObject): ConfigIssue {
  const found = error.keyword === 'required' ? undefined : error.data
  return {
    key: keyOf(error) || 'the file',
    found: error.keyword === 'additionalProperties' ? 'a key that is not known' : describe(found),
    expected: patternMeaning(error) ?? expectations[error.keyword]?.(error.params as Record<string, unknown>) ??
      error.message ?? error.keyword
  }
}
