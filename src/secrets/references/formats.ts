import { stringify } from 'yaml'
import type { SecretName } from '#src/environments/names'
import { dataKey, identifier, objectName, variableName } from './identifiers.ts'
import type { ReferenceFormat } from './schemas.ts'

/** The target of a reference: a secret, or one key of its value. */
export interface Referenced {
  name: SecretName
  arn: string
  region: string
  /** A key of a value that is a JSON object. */
  field?: string
}

interface Format {
  format: ReferenceFormat
  title: string
  language: string
  text: (secret: Referenced) => string
  /** Returns the reason why the format can't reference the key, or undefined if it can. */
  cannotName?: (field: string) => string | undefined
}

const parts = ({ name, field }: Referenced): string[] => field === undefined ? [name] : [name, field]
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
    cannotName: (field) => field.includes(':') ? 'ECS takes a colon for the end of the key.' : undefined
  },
  {
    format: 'cloudformation',
    title: 'CloudFormation: a dynamic reference, in any property of a resource',
    language: 'yaml',
    // In a YAML template, an unquoted brace would start a mapping. In a JSON template, the quotes are required anyway.
    text: ({ arn, field }) => JSON.stringify(`{{resolve:secretsmanager:${arn}:SecretString${field === undefined ? '' : `:${field}`}}}`),
    cannotName: (field) => /[:{}\\]/.test(field) ? 'A dynamic reference can\'t have a colon, a brace or a backslash in the key.' : undefined
  },
  {
    format: 'lambda-extension',
    title: 'Lambda: a request to the AWS Parameters and Secrets Lambda Extension, from inside the function',
    language: 'shell',
    text: ({ arn, field }) => [
      'curl --silent --fail --header "X-Aws-Parameters-Secrets-Token: $AWS_SESSION_TOKEN" \\',
      `  "http://localhost:2773/secretsmanager/get?secretId=${encodeURIComponent(arn)}" \\`,
      `  | jq --raw-output ${shellQuoted(field === undefined ? '.SecretString' : `.SecretString | fromjson | .[${JSON.stringify(field)}]`)}`
    ].join('\n')
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
    text: externalSecret
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

function terraform (secret: Referenced): string {
  const label = identifier([secret.name])
  const text = `data.aws_secretsmanager_secret_version.${label}.secret_string`
  return [
    `data "aws_secretsmanager_secret_version" "${label}" {`,
    `  region    = ${hclQuoted(secret.region)} # from version 6 of the provider on; before, it is the provider's`,
    `  secret_id = ${hclQuoted(secret.arn)}`,
    '}',
    '',
    'locals {',
    `  ${identifier(parts(secret))} = ${secret.field === undefined ? text : `jsondecode(${text})[${hclQuoted(secret.field)}]`}`,
    '}'
  ].join('\n')
}

function externalSecret ({ name, arn, region, field }: Referenced): string {
  const store = `aws-secrets-manager-${region}`
  const remoteRef = { key: arn, ...field !== undefined && { property: gjsonEscaped(field) } }
  return documents({
    apiVersion: 'external-secrets.io/v1',
    kind: 'SecretStore',
    metadata: { name: store },
    spec: { provider: { aws: { service: 'SecretsManager', region } } }
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
