import { parseSecretName, type AnyName, type SecretName } from '#src/environments/names'
import { invalidRequest, type RequestError } from '#src/problems/problem'
import { secretStates, type States } from '#src/secrets/consistency/states'
import { permittedFound } from '#src/secrets/permitted'
import type { Scope } from '#src/secrets/scope'
import { asUnaddressable } from '#src/secrets/unaddressable'
import type { PromotionBody } from './schemas.ts'

/** The secrets to promote. */
export interface PromotedNames {
  names: SecretName[]
  /**
   * If the request has `missing`, the number of missing secrets that are left out because the gateway can't address them. Only
   * secrets that the caller may promote are counted. Undefined if there are none.
   */
  unaddressable?: number | undefined
}

/**
 * Returns the names of the secrets to promote.
 *
 * @throws Problem `invalid-request` with all errors, and any AWS error
 */
export async function promotedNames (source: Scope, target: Scope, body: PromotionBody): Promise<PromotedNames> {
  const errors: RequestError[] = []
  const report: Report = (pointer, message) => { errors.push({ in: 'body', pointer, message }) }
  if (source.environment.name === target.environment.name) report('/from', 'must NOT be the environment itself')
  const names = body.names === undefined ? undefined : checkNames(source, target, body.names, report)
  checkForm(body, report)
  if (errors.length > 0) throw invalidRequest(errors)
  return names === undefined ? missingNames(source, target) : { names }
}

type Report = (pointer: string, message: string) => void

/** Checks the rules that involve several members of the body. */
function checkForm ({ names, missing, onConflict, expectedVersionIds = {} }: PromotionBody, report: Report): void {
  if (names === undefined && missing === undefined) report('', 'must have names, or missing')
  if (missing === undefined) {
    const expected = Object.keys(expectedVersionIds)
    if (expected.length > 0 && onConflict !== 'update') report('/expectedVersionIds', 'must NOT be given without onConflict: update')
    const named = new Set(names)
    if (expected.some((name) => !named.has(name))) report('/expectedVersionIds', 'must NOT have a name that names does not have')
    return
  }
  for (const [member, value] of Object.entries({ names, onConflict, expectedVersionIds })) {
    const isGiven = value !== undefined && Object.keys(value).length > 0
    if (isGiven) report(`/${member}`, 'must NOT be given together with missing')
  }
}

function checkNames (
  { environment: from }: Scope, { environment: to }: Scope, names: readonly string[], report: Report
): SecretName[] {
  return names.flatMap((text, index) => {
    const [one, other] = [parseSecretName(from, text), parseSecretName(to, text)]
    if ('name' in one && 'name' in other) return [other.name]
    for (const parsed of [one, other]) if ('mistake' in parsed) report(`/names/${index}`, parsed.mistake)
    return []
  })
}

async function missingNames (source: Scope, target: Scope): Promise<PromotedNames> {
  const [from, to] = await Promise.all([secretStates(source), secretStates(target)])
  const names = await missing(source, target, from.states, to.states)
  const unaddressable = await missing(source, target, from.unaddressable, to.unaddressable)
  return { names: names.sort(), unaddressable: asUnaddressable(unaddressable.length) }
}

/**
 * Returns the names of secrets that exist in the source but not in the target, and that the caller may promote in both
 * environments. A secret that is scheduled for deletion counts as missing from the source, but not from the target.
 */
async function missing<Name extends AnyName> (
  source: Scope, target: Scope, from: States<Name>, to: States<Name>
): Promise<Name[]> {
  const names = [...from].filter(([name, state]) => state !== 'pending-deletion' && !to.has(name)).map(([name]) => name)
  const allowed = await permittedFound(source, 'PromoteSecret', names)
  return [...await permittedFound(target, 'PromoteSecret', [...allowed])]
}
