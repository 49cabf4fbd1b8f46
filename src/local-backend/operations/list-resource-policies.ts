import { shapes } from '#src/aws-model/shapes'
import type { Input } from '#src/aws-protocol/input'
import type { OperationContext } from '#src/local-backend/rules/context'
import { cutPage } from '#src/local-backend/rules/page'
import { defaultPolicy } from '#src/local-backend/rules/resource-policy'
import { findActiveSecret } from '#src/local-backend/rules/secret-id'
import { resourcePoliciesOf } from '#src/local-backend/store/resource-policies'

interface Output {
  ResourcePolicies: { PolicyName: string }[]
  NextToken?: string | undefined
}

/** Lists the names of a secret's resource policies: `default` first, and then the others in alphabetical order. */
export function listResourcePolicies (input: Input<'ListResourcePolicies'>, context: OperationContext): Output {
  const { store } = context
  const secret = findActiveSecret(context, input.SecretId)
  const { rows, nextToken } = cutPage<string>(store, {
    listing: ['ListResourcePolicies', secret.id],
    nextToken: input.NextToken,
    maxResults: input.MaxResults ?? shapes.MaxResultsType.max,
    position: (name) => ({ key: name, sequence: rank(name) }),
    rows: (after) => resourcePoliciesOf(store, secret)
      .map(({ name }) => name)
      .sort((one, other) => rank(one) - rank(other))
      .filter((name) => after === undefined || rank(name) > after.sequence || (rank(name) === after.sequence && name > after.key))
  })
  return { ResourcePolicies: rows.map((PolicyName) => ({ PolicyName })), NextToken: nextToken }
}

function rank (name: string): number {
  return name === defaultPolicy ? 0 : 1
}
