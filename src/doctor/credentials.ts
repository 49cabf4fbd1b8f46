import type { Identity } from '#src/aws/identity'
import type { ObtainedKeys, Probe } from '#src/aws/probe'
import { isoTime } from '#src/clock'
import type { CredentialDefinition, CredentialKind, DefinitionOf } from '#src/credentials/definition'
import { Problem } from '#src/problems/problem'
import type { Clocks, Finding } from './findings.ts'
import { explain } from './key-failures.ts'

/** A credential, and the result of the attempt to get its keys. */
export interface TriedCredential {
  readonly id: string
  readonly definition: CredentialDefinition
  readonly obtained: { readonly keys: ObtainedKeys, readonly milliseconds: number } | Problem
  /** The identity that the keys belong to. Absent if there are no keys. */
  readonly identity?: Identity | Problem
}

/** Gets a credential's keys, and asks STS for the identity they belong to. */
export async function tryCredential (
  id: string, definition: CredentialDefinition, probe: Probe, { monotonic }: Clocks
): Promise<TriedCredential> {
  const start = monotonic()
  const keys = await orProblem(probe.obtain(id))
  if (keys instanceof Problem) return { id, definition, obtained: keys }
  const obtained = { keys, milliseconds: Math.round(monotonic() - start) }
  return { id, definition, obtained, identity: await orProblem(probe.verify(id)) }
}

async function orProblem<Result> (work: Promise<Result>): Promise<Result | Problem> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}

/** Returns the identity of a credential, or undefined if it is unknown. */
export const identityOf = (tried: TriedCredential | undefined): Identity | undefined =>
  tried?.identity instanceof Problem ? undefined : tried?.identity

const sources: { [Kind in CredentialKind]: (definition: DefinitionOf<Kind>, keys: ObtainedKeys) => string } = {
  'default-chain': (_definition, { origin }) => `the SDK's default chain${origin === undefined ? '' : `: ${origin}`}`,
  profile: ({ profile }) => `the profile ${profile}`,
  environment: ({ accessKeyIdVariable, secretAccessKeyVariable }) =>
    `the variables ${accessKeyIdVariable} and ${secretAccessKeyVariable}`,
  'assume-role': ({ roleArn, source }) => `the role ${roleArn}, assumed with ${source}`,
  'web-identity': ({ roleArn, tokenFile }) => `the role ${roleArn}, assumed with the token in ${tokenFile}`,
  embedded: () => 'the embedded Secrets Manager'
}

const sourceOf = <Kind extends CredentialKind>(definition: DefinitionOf<Kind>, keys: ObtainedKeys): string =>
  sources[definition.kind](definition, keys)

/** Reports whether the credential's keys could be obtained, and which identity they belong to. */
export function credentialFindings (tried: TriedCredential, all: ReadonlyMap<string, TriedCredential>): Finding[] {
  const { id, definition, obtained, identity } = tried
  const subject = `credential ${id}`
  if (obtained instanceof Problem) return [keysMissing(subject, definition, obtained, all)]
  const { keys, milliseconds } = obtained
  const end = keys.expiration === undefined ? 'they don\'t expire' : `they expire at ${isoTime(keys.expiration.getTime())}`
  return [
    { status: 'ok', subject, check: 'keys', message: `From ${sourceOf(definition, keys)}; obtained in ${milliseconds} ms; ${end}` },
    ...identity === undefined ? [] : [identityFinding(subject, definition, identity)]
  ]
}

function keysMissing (
  subject: string, definition: CredentialDefinition, problem: Problem, all: ReadonlyMap<string, TriedCredential>
): Finding {
  const source = definition.kind === 'assume-role' ? all.get(definition.source) : undefined
  if (source?.obtained instanceof Problem) {
    return { status: 'not-tried', subject, check: 'keys', message: `Its source, the credential ${source.id}, has no keys` }
  }
  const { says, next } = explain(problem, definition)
  return { status: 'failure', subject, check: 'keys', message: says, next }
}

function identityFinding (subject: string, definition: CredentialDefinition, identity: Identity | Problem): Finding {
  if (!(identity instanceof Problem)) {
    return { status: 'ok', subject, check: 'identity', message: `${identity.arn} in the account ${identity.account}` }
  }
  const { says, next } = explain(identity, definition)
  return { status: 'failure', subject, check: 'identity', message: says, next }
}
