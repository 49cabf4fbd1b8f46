import type { AuthenticationMethod } from '#src/authentication/caller'
import { actionGroups, actionNames, actionTable } from './actions.ts'

/** All authentication methods. The `satisfies` clause makes the compiler report a missing one. */
export const methods = Object.keys({ 'api-key': null, oidc: null, aws: null, mtls: null } satisfies Record<AuthenticationMethod, null>) as AuthenticationMethod[]

const list = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ')

const action = (name: (typeof actionNames)[number]): string => {
  const { group, on } = actionTable[name]
  return `action "${name}" in ["${group}"] appliesTo { principal: [Caller], resource: [${on.join(', ')}], context: Context };`
}

/** The Cedar schema that validates policies and questions, generated from the table of actions. */
export const cedarSchema = `// The entities and actions that policies can refer to. Generated from src/authorization/actions.ts by "npm run docs".

// A group of callers, from the configuration or from a token issuer.
entity Group;

// The method that authenticated a caller.
entity Method enum [${list(methods)}];

// A caller of the gateway. "id" is the entity's ID as a string, for use with "like".
entity Caller in [Group] { id: String, method: Method };

// An environment. "environment" is its name as a string, for use with "like".
entity Environment { environment: String };

// A secret: Secret::"ENVIRONMENT/NAME". "name" is its name within the environment.
entity Secret in [Environment] { environment: String, name: String };

// An AWS credential, by its ID.
entity Credential;

// "credential" is the AWS credential that the request uses.
type Context = { credential: Credential };

action ${list(actionGroups)};

${actionNames.map(action).join('\n')}
`
