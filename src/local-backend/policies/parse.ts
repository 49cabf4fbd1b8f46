import { readConditions } from './conditions.ts'
import { elementsOf, parseJson, textsOf } from './elements.ts'
import { readPattern } from './pattern.ts'
import type { Patterns, Policy, Statement } from './policy.ts'
import { PolicyError } from './policy-error.ts'
import { readPrincipal } from './principals.ts'

/**
 * The kind of a policy. An identity policy must not name principals, and a resource policy must. A trust policy is the resource
 * policy of a role. It must name principals, and must not name resources.
 */
export type PolicyKind = 'identity' | 'resource' | 'trust'

/** The properties of a policy document that determine how its elements are interpreted. */
interface Document {
  kind: PolicyKind
  /** The partition that all principals must belong to, such as `aws-cn`. */
  partition: string
  /** True if the version of the policy language has variables. */
  variables: boolean
}

type Elements = Readonly<Record<string, unknown>>

const policyElements = ['Version', 'Id', 'Statement']
const statementElements = [
  'Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'
]

/** The versions of the policy language. The older version is the default, and doesn't support variables. */
const versions = ['2008-10-17', '2012-10-17'] as const

const action = /^(?:\*|[a-z0-9-]+:[a-z0-9*?]+)$/i
const resource = /^(?:\*|arn:.*)$/s

/**
 * Parses a policy document in AWS's policy language. Rejects a document with any unsupported part, because that part couldn't be
 * enforced.
 *
 * @param partition the partition that all principals must belong to
 * @throws PolicyError if the document is malformed or contains anything unsupported
 */
export function parsePolicy (text: string, kind: PolicyKind, partition = 'aws'): Policy {
  const { Version = versions[0], Id, Statement } = elementsOf('Policy', parseJson(text), policyElements)
  if (Version !== versions[0] && Version !== versions[1]) throw new PolicyError('Version', `must be one of ${versions.join(', ')}`)
  if (Id !== undefined && typeof Id !== 'string') throw new PolicyError('Id', 'must be a string')
  const list: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement]
  if (list.length === 0) throw new PolicyError('Statement', 'must not be empty')
  const read = list.map((value, index) => {
    const path = Array.isArray(Statement) ? `Statement[${index}]` : 'Statement'
    return { path, elements: elementsOf(path, value, statementElements) }
  })
  checkSids(read)
  const document = { kind, partition, variables: Version === versions[1] }
  return { statements: read.map(({ path, elements }) => readStatement(path, elements, document)) }
}

function checkSids (read: readonly { path: string, elements: Elements }[]): void {
  const sids = new Set<unknown>()
  for (const { path, elements: { Sid } } of read) {
    if (Sid === undefined) continue
    if (typeof Sid !== 'string') throw new PolicyError(`${path}.Sid`, 'must be a string')
    if (sids.has(Sid)) throw new PolicyError(`${path}.Sid`, 'must be unique')
    sids.add(Sid)
  }
}

function readStatement (path: string, elements: Elements, document: Document): Statement {
  const { Effect, Condition } = elements
  if (Effect !== 'Allow' && Effect !== 'Deny') throw new PolicyError(`${path}.Effect`, 'must be Allow or Deny')
  const actions = readPatterns(path, elements, 'Action', action)
  return {
    effect: Effect,
    principal: readPrincipals(path, elements, document, Effect),
    action: {
      negated: actions.negated,
      patterns: actions.texts.map((text) => readPattern(text.toLowerCase(), { wildcards: true, variables: false }))
    },
    resource: document.kind === 'trust' ? anyResource(path, elements) : resourcesOf(path, elements, document.variables),
    conditions: Condition === undefined ? [] : readConditions(`${path}.Condition`, Condition, document.variables)
  }
}

function resourcesOf (path: string, elements: Elements, variables: boolean): Patterns {
  const { negated, texts } = readPatterns(path, elements, 'Resource', resource)
  return { negated, patterns: texts.map((text) => readPattern(text, { wildcards: true, variables })) }
}

function anyResource (path: string, elements: Elements): Patterns {
  const given = ['Resource', 'NotResource'].find((name) => elements[name] !== undefined)
  if (given !== undefined) throw new PolicyError(`${path}.${given}`, 'is not allowed in a trust policy')
  return { negated: false, patterns: [readPattern('*', { wildcards: true, variables: false })] }
}

function readPrincipals (
  path: string, elements: Elements, { kind, partition }: Document, effect: Statement['effect']
): Statement['principal'] {
  if (kind === 'identity') {
    const given = ['Principal', 'NotPrincipal'].find((name) => elements[name] !== undefined)
    if (given !== undefined) throw new PolicyError(`${path}.${given}`, 'is not allowed in an identity policy')
    return undefined
  }
  const { name, negated } = eitherOf(path, elements, 'Principal')
  if (negated && effect === 'Allow') throw new PolicyError(`${path}.${name}`, 'is allowed only with the effect Deny')
  return readPrincipal(`${path}.${name}`, elements[name], { negated, partition })
}

function readPatterns (
  path: string, elements: Elements, element: string, form: RegExp
): { negated: boolean, texts: readonly string[] } {
  const { name, negated } = eitherOf(path, elements, element)
  const texts = textsOf(`${path}.${name}`, elements[name])
  const wrong = texts.find((text) => !form.test(text))
  if (wrong !== undefined) throw new PolicyError(`${path}.${name}`, `has an invalid value: ${wrong}`)
  return { negated, texts }
}

/**
 * Returns the name under which a statement contains an element. This is either the given name, such as `Action`, or the negated
 * name, such as `NotAction`.
 *
 * @throws PolicyError unless the statement contains exactly one of the two names
 */
function eitherOf (path: string, elements: Elements, element: string): { name: string, negated: boolean } {
  const names = [element, `Not${element}`].filter((name) => elements[name] !== undefined)
  const [name] = names
  if (name === undefined || names.length > 1) throw new PolicyError(path, `must have either ${element} or Not${element}`)
  return { name, negated: name !== element }
}
