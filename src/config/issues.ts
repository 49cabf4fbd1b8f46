import type { ErrorObject } from 'ajv'
import { credentialKinds } from '#src/credentials/definition'

/** A issue in the configuration: which key, what stands there, what should. */
export interface ConfigIssue {
  key: string
  found: string
  expected: string
}

/** A issue in a file that has a language of its own: at which place, and what. */
export interface FileIssue {
  place: string
  message: string
}

/** The configuration can't be used. The process ends with status 78 (EX_CONFIG of sysexits.h) before it listens. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor (issues: readonly (ConfigIssue | FileIssue)[]) {
    super(issues.map((issue) => 'message' in issue
      ? `${issue.place}: ${issue.message}`
      : `${issue.key}: found ${issue.found}, expected ${issue.expected}`).join('\n'))
  }
}

/** What stands there, by its type alone where it might be something that was pasted into the wrong place. */
function describe (value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'string' ? `a text of ${value.length} characters` : `${typeof value} ${JSON.stringify(value)}`
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
  pattern: ({ pattern }) => `a text that matches ${String(pattern)}`
}

/** What a pattern stands for, where its schema says so. A description with a capital is a sentence of the documentation. */
function patternMeaning ({ keyword, parentSchema }: ErrorObject): string | undefined {
  const description: unknown = parentSchema?.description
  return keyword === 'pattern' && typeof description === 'string' && /^[a-z]/.test(description) ? description : undefined
}

/** A schema's complaint in the words of the configuration. */
export function issueFrom (error: ErrorObject): ConfigIssue {
  const found = error.keyword === 'required' ? undefined : error.data
  return {
    key: keyOf(error) || 'the file',
    found: error.keyword === 'additionalProperties' ? 'a key that is not known' : describe(found),
    expected: patternMeaning(error) ?? expectations[error.keyword]?.(error.params as Record<string, unknown>) ??
      error.message ?? error.keyword
  }
}
