import type { AuthenticationMethod } from '#src/authentication/caller'
import { actionGroups, actionNames, actionTable } from './actions.ts'

/** All authentication methods. The type makes the compiler reject a missing one. */
export const methods = Object.keys({ 'api-key': 0, oidc: 0, aws: 0, mtls: 0 } satisfies Record<AuthenticationMethod, 0>) as AuthenticationMethod[]

const list = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ')

const action = (name: (typeof actionNames)[number]): string => {
  const { group, on } = actionTable[name]
  return `action "${name}" in ["${group}"] appliesTo { principal: [Caller], resource: [${on.join(', ')}], context: Context };`
}

/** The Cedar schema that validates policies and questions, generated from the table of actions. */
export const cedarSchema = `// What policies can speak of. Generated from src/authorization/actions.ts by "npm run docs".

// A group of callers: of the configuration, or of an issuer of tokens.
entity Group;

// How a caller proved who it is.
entity Method enum [${list(methods)}];

// Who asks. "id" is the entity's ID as a text, for "like".
entity Caller in [Group] { id: String, method: Method };

// An environment. "environment" is its name as a text, for "like".
entity Environment { environment: String };

// A secret: Secret::"ENVIRONMENT/NAME". "name" is its name inside the environment.
entity Secret in [Environment] { environment: String, name: String };

// An AWS credential, by its ID.
entity Credential;

// "credential" is the AWS credential that the request uses.
type Context = { credential: Credential };

action ${list(actionGroups)};

${actionNames.map(action).join('\n')}
`
