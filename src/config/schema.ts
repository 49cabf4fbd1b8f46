import { Type, type Static, type TString } from '@sinclair/typebox'
import { CredentialSchema } from '#src/credentials/definition'
import { EnvironmentSchema, environmentNamePattern } from '#src/environments/environment'
import { logFormats } from '#src/log/logfmt'
import { defaultService } from '#src/log/logger'
import { closed, Enum, idPattern } from '#src/schema/types'
import { protocols, samplerNames } from '#src/tracing/settings'
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

/** The URL of a collector. It contains no user name and password: tokens belong in `OTEL_EXPORTER_OTLP_HEADERS`. */
const Endpoint = (description: string): TString => Type.String({ maxLength: 2_048, pattern: '^https?://[^\\s@?#]+$', description })

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
  GATEWAY_RELOAD_SECONDS: Type.Optional(Type.Integer({
    minimum: 1,
    maximum: 3600,
    description: 'How often the gateway looks whether `GATEWAY_CONFIG`, or a file or folder that it names, has changed; if so, it reads the configuration again, as on `SIGHUP`. If it is not set, it does so only on `SIGHUP`.'
  })),
  GATEWAY_PRINT_TOKEN: Type.Optional(Enum(['1'], { description: '`1`: print the developer token even if standard output is not a terminal.' })),
  LOG_LEVEL: Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { default: 'info', description: 'The minimum level of log lines.' }),
  LOG_FORMAT: Enum(logFormats, { default: 'json', description: 'The form of log lines: `json` or `logfmt`.' }),
  OTEL_SERVICE_NAME: Type.String({ minLength: 1, maxLength: 255, default: defaultService, description: 'The name of this service, in the log and in traces.' }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(Endpoint('The URL of a collector. If it is set, [traces](tracing.md) are posted to `v1/traces` below it.')),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: Type.Optional(Endpoint('The URL that traces are posted to, as it stands.')),
  OTEL_EXPORTER_OTLP_PROTOCOL: Type.Optional(Enum(protocols, { description: 'The encoding: `http/protobuf`, which is the default, or `http/json`.' })),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: Type.Optional(Enum(protocols, { description: 'The same, for traces only.' })),
  OTEL_TRACES_EXPORTER: Type.Optional(Enum(['otlp', 'none'], { description: '`none`: no traces.' })),
  OTEL_SDK_DISABLED: Type.Optional(Enum(['true', 'false'], { description: '`true`: no traces.' })),
  OTEL_TRACES_SAMPLER: Type.Optional(Enum(samplerNames, { description: 'Which traces are recorded. The default, `parentbased_always_on`, records all, except those that the caller does not record.' })),
  OTEL_TRACES_SAMPLER_ARG: Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: 'The share of the traces that `traceidratio` and `parentbased_traceidratio` record.' })),
  OTEL_BSP_MAX_QUEUE_SIZE: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'The maximum number of spans that wait to be exported, by default 2048. Further ones are dropped.' })),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, description: 'The maximum number of spans in one export, by default 512.' })),
  OTEL_BSP_SCHEDULE_DELAY: Type.Optional(Type.Integer({ minimum: 1, maximum: 600_000, description: 'The longest time in milliseconds that a span waits for the rest of its export, by default 5000.' }))
})

export type ConfigFile = Static<typeof FileSchema>
export type Variables = Static<typeof VariablesSchema>
