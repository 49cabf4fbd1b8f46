import { stringify } from 'yaml'
import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { dataKey, identifier, objectName, variableName } from './identifiers.ts'
import type { ReferenceFormat } from './schemas.ts'

/** The target of a reference: a secret, or one key of its value. */
export interface Referenced {
  name: SecretName
  arn: string
  region: string
  /** A key of a value that is a JSON object. */
  field?: string
  gateway: GatewayAddress
  /** True if the tool has to read the secret through the gateway, rather than from AWS. */
  throughGateway: boolean
}

export interface GatewayAddress {
  /** The scheme, the host and the port. */
  origin: string
  /** The name of the secret's environment. */
  environment: string
  /** The header that contains the token on the routes of AWS's agent; undefined if these routes do not serve the environment. */
  agentTokenHeader: string | undefined
}

export interface Format {
  format: ReferenceFormat
  title: string
  language: string
  text: (secret: Referenced) => string
  /** Returns the reason why the format can't reference the key, or undefined if it can. */
  cannotName?: (field: string) => string | undefined
  /** Returns the reason why the tool can't read the secret through the gateway, or undefined if it can. */
  cannotReach?: (gateway: GatewayAddress) => string | undefined
}

const parts = ({ name, field }: Referenced): string[] => field === undefined ? [name] : [name, field]
/** Returns the environment's endpoint URL for AWS's protocol. */
const awsEndpoint = ({ origin, environment }: GatewayAddress): string => `${origin}/environments/${environment}/aws`
const documents = (...values: readonly object[]): string => values.map((value) => stringify(value, { lineWidth: 0 })).join('---\n')

/** The supported formats, described in the terms of the tools that define them. */
export const formats: readonly Format[] = [
  {
    format: 'ecs-task-definition',
    title: 'ECS task definition: an entry of a container\'s `secrets`',
    language: 'json',
    // The syntax is `arn` or `arn:json-key:version-stage:version-id`. The second form requires all its colons. An empty part
    // stands for its default.
    text: (secret) => JSON.stringify({
      name: variableName(...parts(secret)),
      valueFrom: secret.field === undefined ? secret.arn : `${secret.arn}:${secret.field}::`
    }, null, 2),
    cannotName: (field) => field.includes(':') ? 'ECS takes a colon for the end of the key.' : undefined,
    cannotReach: () => 'ECS itself reads the secret from AWS, before the container starts.'
  },
  {
    format: 'cloudformation',
    title: 'CloudFormation: a dynamic reference, in any property of a resource',
    language: 'yaml',
    // In a YAML template, an unquoted brace would start a mapping. In a JSON template, the quotes are required anyway.
    text: ({ arn, field }) => JSON.stringify(`{{resolve:secretsmanager:${arn}:SecretString${field === undefined ? '' : `:${field}`}}}`),
    cannotName: (field) => /[:{}\\]/.test(field) ? 'A dynamic reference can\'t have a colon, a brace or a backslash in the key.' : undefined,
    cannotReach: () => 'CloudFormation itself reads the secret from AWS.'
  },
  {
    format: 'lambda-extension',
    title: 'Lambda: a request to the AWS Parameters and Secrets Lambda Extension, from inside the function',
    language: 'shell',
    text: lambdaExtension,
    cannotReach: ({ agentTokenHeader }) =>
      agentTokenHeader === undefined ? 'This environment is not among `agent.environments` in the configuration.' : undefined
  },
  {
    format: 'terraform',
    title: 'Terraform: a data source of the AWS provider, and its value',
    language: 'hcl',
    text: terraform
  },
  {
    format: 'external-secrets',
    title: 'External Secrets Operator: a store for the region, and the secret in it',
    language: 'yaml',
    text: awsExternalSecret
  },
  {
    format: 'external-secrets-webhook',
    title: 'External Secrets Operator: a webhook store that reads through the gateway, and the secret in it',
    language: 'yaml',
    text: webhookExternalSecret
  },
  {
    format: 'kubernetes-secret',
    title: 'Kubernetes: the skeleton of a Secret, to be filled in where it is applied and nowhere else',
    language: 'yaml',
    text: ({ name, arn, field }) => documents({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: objectName(name), annotations: { 'secrets-gateway/arn': arn } },
      type: 'Opaque',
      stringData: { [dataKey(field ?? 'value')]: '' }
    })
  }
]

function lambdaExtension ({ arn, field, gateway, throughGateway }: Referenced): string {
  const header = (throughGateway ? gateway.agentTokenHeader : undefined) ?? 'x-aws-parameters-secrets-token'
  const [token, origin] = throughGateway ? ['SECRETS_GATEWAY_TOKEN', gateway.origin] : ['AWS_SESSION_TOKEN', 'http://localhost:2773']
  const filter = field === undefined ? '.SecretString' : `.SecretString | fromjson | .[${JSON.stringify(field)}]`
  return [
    `curl --silent --fail --header "${header.replace(/\b[a-z]/g, (letter) => letter.toUpperCase())}: $${token}" \\`,
    `  "${origin}/secretsmanager/get?secretId=${encodeURIComponent(arn)}" \\`,
    `  | jq --raw-output ${shellQuoted(filter)}`
  ].join('\n')
}

function terraform (secret: Referenced): string {
  const label = identifier([secret.name])
  const text = `data.aws_secretsmanager_secret_version.${label}.secret_string`
  const provider = [
    'provider "aws" {',
    '  alias  = "secrets_gateway"',
    `  region = ${hclQuoted(secret.region)}`,
    '  # The keys are the gateway\'s, and no other service of AWS accepts them.',
    '  skip_credentials_validation = true',
    '  skip_requesting_account_id  = true',
    '  endpoints {',
    `    secretsmanager = ${hclQuoted(awsEndpoint(secret.gateway))}`,
    '  }',
    '}',
    ''
  ]
  return [
    ...secret.throughGateway ? provider : [],
    `data "aws_secretsmanager_secret_version" "${label}" {`,
    ...secret.throughGateway ? ['  provider  = aws.secrets_gateway'] : [],
    `  region    = ${hclQuoted(secret.region)} # from version 6 of the provider on; before, it is the provider's`,
    `  secret_id = ${hclQuoted(secret.arn)}`,
    '}',
    '',
    'locals {',
    `  ${identifier(parts(secret))} = ${secret.field === undefined ? text : `jsondecode(${text})[${hclQuoted(secret.field)}]`}`,
    '}'
  ].join('\n')
}

function awsExternalSecret ({ arn, region, gateway, throughGateway, ...secret }: Referenced): string {
  const note = `# The controller needs the environment variable AWS_SECRETSMANAGER_ENDPOINT=${awsEndpoint(gateway)}\n`
  const provider = { aws: { service: 'SecretsManager', region } }
  const remoteRef = { key: arn, ...secret.field !== undefined && { property: gjsonEscaped(secret.field) } }
  return (throughGateway ? note : '') + externalSecret(secret, `aws-secrets-manager-${region}`, provider, remoteRef)
}

function webhookExternalSecret ({ gateway, ...secret }: Referenced): string {
  const note = '# The Secret secrets-gateway-token needs the label external-secrets.io/type: webhook\n'
  const remoteRef = compact({ key: secret.name, property: secret.field })
  return note + externalSecret(secret, `secrets-gateway-${gateway.environment}`, webhook(gateway), remoteRef)
}

/** Returns a provider that reads from the gateway. With these parameters, a 404 always means that the secret was deleted. */
const webhook = ({ origin, environment }: GatewayAddress): object => ({
  webhook: {
    url: `${origin}/environments/${environment}/secrets/{{ .remoteRef.key }}` +
      '?field={{ .remoteRef.property }}&versionStage={{ .remoteRef.version }}&pendingDeletion=absent&notFound=secret',
    headers: { Authorization: 'Bearer {{ .auth.token }}' },
    result: { jsonPath: '$.value' },
    secrets: [{ name: 'auth', secretRef: { name: 'secrets-gateway-token', key: 'token' } }]
  }
})

/** @param store the name of the store, which uses the provider */
function externalSecret ({ name, field }: Pick<Referenced, 'name' | 'field'>, store: string, provider: object, remoteRef: object): string {
  return documents({
    apiVersion: 'external-secrets.io/v1',
    kind: 'SecretStore',
    metadata: { name: store },
    spec: { provider }
  }, {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: { name: objectName(name) },
    spec: {
      refreshInterval: '1h',
      secretStoreRef: { kind: 'SecretStore', name: store },
      target: { name: objectName(name) },
      data: [{ secretKey: dataKey(field ?? 'value'), remoteRef }]
    }
  })
}

/** Quotes a string for a POSIX shell. */
const shellQuoted = (text: string): string => `'${text.replaceAll('\'', '\'\\\'\'')}'`

/**
 * Returns an HCL string literal. JSON's escapes are valid in HCL, but `${` and `%{` start a template unless their first character
 * is doubled.
 */
const hclQuoted = (text: string): string => JSON.stringify(text).replace(/[$%](?=\{)/g, '$&$&')

/**
 * Escapes a key for GJSON's path syntax, which External Secrets Operator uses for `property`. All punctuation except `_`, `-` and
 * `:` may have a special meaning in this syntax.
 */
const gjsonEscaped = (field: string): string => field.replace(/[!-,./;-@[-^`{-~]/g, '\\$&')
