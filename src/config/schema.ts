import { Type, type Static } from '@sinclair/typebox'
import { CredentialSchema } from '#src/credentials/definition'
import { EnvironmentSchema, environmentNamePattern } from '#src/environments/environment'
import { defaultService } from '#src/log/logger'
import { closed, Enum, idPattern } from '#src/schema/types'
import { AgentSchema } from './agent.ts'
import { AuditSchema } from './audit.ts'
import { AuthenticationSchema } from './authentication.ts'
import { AuthorizationSchema } from './authorization.ts'
import { AwsSchema } from './aws.ts'
import { CacheSchema } from './cache.ts'
import { LimitsSchema } from './limits.ts'
import { LogSchema } from './log.ts'
import { ServerSchema } from './server.ts'
import { SharedSchema } from './shared.ts'

/** The schema of the YAML configuration file. */
export const FileSchema = Type.Object({
  environments: Type.Record(Type.String({ pattern: environmentNamePattern }), EnvironmentSchema, { ...closed, minProperties: 1 }),
  credentials: Type.Record(Type.String({ pattern: idPattern }), CredentialSchema, closed),
  server: Type.Optional(ServerSchema),
  authentication: AuthenticationSchema,
  authorization: AuthorizationSchema,
  audit: Type.Optional(AuditSchema),
  limits: Type.Optional(LimitsSchema),
  aws: Type.Optional(AwsSchema),
  cache: Type.Optional(CacheSchema),
  log: Type.Optional(LogSchema),
  agent: Type.Optional(AgentSchema),
  shared: Type.Optional(SharedSchema)
}, closed)

/** The schema of the environment variables. */
export const VariablesSchema = Type.Object({
  GATEWAY_CONFIG: Type.Optional(Type.String({ minLength: 1, description: 'The YAML file. If it is not set, the gateway runs in local mode; but it does not start if `NODE_ENV=production` or AWS credentials in variables, such as `AWS_PROFILE`, suggest that the file was forgotten.' })),
  HOST: Type.String({ minLength: 1, default: '127.0.0.1', description: 'The address to listen on.' }),
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 3000, description: 'The port to listen on. `0` chooses a free one.' }),
  GATEWAY_DATA_DIR: Type.String({ minLength: 1, default: '.gateway', description: 'The folder for data: the audit trail and its key, unless the file specifies other paths, and the data of the embedded backend.' }),
  GATEWAY_LOCAL: Type.Optional(Enum(['1'], { description: '`1`: local mode is intended, although variables suggest the opposite. Not together with `GATEWAY_CONFIG`.' })),
  GATEWAY_DEV_TOKEN: Type.Optional(Type.String({
    pattern: '^[A-Za-z0-9._~+/-]{16,}=*$',
    description: 'The developer token of local mode, at least 16 characters. If it is not set, a token is generated and stored in the data folder.'
  })),
  GATEWAY_REALISTIC: Type.Optional(Type.String({
    minLength: 1,
    maxLength: 100,
    description: 'A seed: the embedded backend of local mode simulates the delays and failures of AWS, and stores nothing.'
  })),
  GATEWAY_PRINT_TOKEN: Type.Optional(Enum(['1'], { description: '`1`: print the developer token even if standard output is not a terminal.' })),
  LOG_LEVEL: Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { default: 'info', description: 'The minimum level of log lines.' }),
  OTEL_SERVICE_NAME: Type.String({ minLength: 1, maxLength: 255, default: defaultService, description: 'The name of this service in the log.' })
})

export type ConfigFile = Static<typeof FileSchema>
export type Variables = Static<typeof VariablesSchema>
