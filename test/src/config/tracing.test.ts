import t from 'tap'
import { readVariables } from '#src/config/load'
import { tracingFrom } from '#src/config/tracing'

const settings = (variables: Record<string, string>): ReturnType<typeof tracingFrom> => tracingFrom(readVariables(variables))
const endpoint = 'http://collector:4318'

t.test('traces are exported only if an endpoint is set', async (t) => {
  t.equal(settings({}), undefined)
  t.equal(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: '' }), undefined, 'an empty variable is the same as none')
  t.equal(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: 'true' }), undefined)
  t.equal(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_EXPORTER: 'none' }), undefined)
  t.strictSame(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: 'false', OTEL_TRACES_EXPORTER: 'otlp' }), {
    url: 'http://collector:4318/v1/traces',
    protocol: 'http/protobuf',
    sampler: 'parentbased_always_on',
    ratio: 1,
    service: 'secrets-gateway',
    queue: { size: 2_048, batch: 512, delay: 5_000 }
  })
})

t.test('the variables for traces have precedence', async (t) => {
  t.strictSame(settings({
    OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/otlp/`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_SERVICE_NAME: 'eu',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
    OTEL_BSP_MAX_QUEUE_SIZE: '100',
    OTEL_BSP_SCHEDULE_DELAY: '1000'
  }), {
    url: 'http://collector:4318/otlp/v1/traces',
    protocol: 'http/json',
    sampler: 'traceidratio',
    ratio: 0.25,
    service: 'eu',
    queue: { size: 100, batch: 100, delay: 1_000 }
  })
  t.match(settings({
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.test/in',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf'
  }), { url: 'https://traces.test/in', protocol: 'http/protobuf' })
})

t.test('a variable that would be ignored is refused, without its value', async (t) => {
  for (const [name, value] of [
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4317'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://user:canary@collector'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://collector/?token=canary'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_TRACES_EXPORTER', 'zipkin'],
    ['OTEL_TRACES_SAMPLER', 'xray'],
    ['OTEL_TRACES_SAMPLER_ARG', '2'],
    ['OTEL_BSP_MAX_QUEUE_SIZE', '0']
  ] as const) {
    t.throws(() => readVariables({ [name]: value }), { name: 'ConfigError', message: new RegExp(`^${name}: found (?!.*canary)`) }, `${name}=${value}`)
  }
})
