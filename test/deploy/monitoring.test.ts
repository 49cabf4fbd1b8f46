import t from 'tap'
import { alertsFile, metricsIn, readAlerts, readDashboardQueries } from '#test/monitoring'
import { startCollector, tracingTo } from '#test/collector'
import { fleetKey } from '#test/fleet'
import { startProxy } from '#test/faults/proxy'
import { build, caching } from '#test/helper'
import { promtool, skip, startPrometheus } from '#test/prometheus'
import { skip as withoutRedis, startRedis } from '#test/redis'
import { until } from '#test/until'
import { dirname } from 'node:path'

t.test('promtool finds no mistake in the alerts, and their tests pass', { skip }, async (t) => {
  await t.resolves(promtool(dirname(alertsFile), 'check', 'rules', 'alerts.yaml'))
  await t.resolves(promtool(dirname(alertsFile), 'test', 'rules', 'alerts.test.yaml'))
})

t.test('Prometheus scrapes a gateway, and answers each query of the alerts and of the dashboard', { skip }, async (t) => {
  const collector = await startCollector(t)
  const redis = withoutRedis === false ? await startRedis(t) : undefined
  const shared = redis && { url: redis.url, keyFile: `${t.testdir({ 'shared.key': fleetKey })}/shared.key`, timeoutMilliseconds: 1_000 }
  const gateway = await build(t, {
    ...caching, server: { metrics: { port: 0 } }, ...shared && { shared }
  }, tracingTo(collector.url))
  const { config } = gateway.fastify
  const proxy = await startProxy(t, { backend: config.current.aws.endpoint ?? '' })
  config.replace({ ...config.current, aws: { ...config.current.aws, endpoint: proxy.url } })
  const [line = '{}'] = gateway.log.filter((text) => text.includes('"metrics"'))
  const { metrics = '' } = JSON.parse(line) as { metrics?: string }

  /** Sends requests with all kinds of results, so that each metric has samples. */
  async function sendSome (): Promise<void> {
    const path = '/environments/dev/secrets/a'
    await gateway.send('PUT', path, { json: { value: String(performance.now()) } })
    const body = JSON.stringify({ __type: 'ThrottlingException', message: 'Rate exceeded' })
    await proxy.plant({ kind: 'reply', status: 400, headers: { 'content-type': 'application/x-amz-json-1.1' }, body }, 1)
    for (let count = 0; count < 3; count++) await gateway.send('GET', path)
    await gateway.send('GET', '/environments', { token: 'nobody' })
  }

  await sendSome()
  const prometheus = await startPrometheus(t, new URL(metrics).host, alertsFile)
  const samples = async (expression: string): Promise<number> => Number((await prometheus.query(expression))[0]?.value[1] ?? 0)
  // Rates need two samples of a series.
  await until(async () => await samples('count_over_time(secrets_gateway_aws_throttled_total[10s])') >= 2, 200)
  await sendSome()
  await until(async () => await samples('sum(increase(secrets_gateway_requests_total{status="401"}[10s]))') > 0, 200)

  const known = new Set((await prometheus.query('count by (__name__) ({job="secrets-gateway"})')).map(({ metric }) => metric.__name__?.replace(/_(?:bucket|sum|count)$/, '')))
  const alerts = await readAlerts()
  const queries = [...alerts.map(({ alert, expr }) => ({ title: alert, expr })), ...await readDashboardQueries()]
  t.ok(queries.length > 60)
  // These two metrics have no samples before the first failure of a command and the first handover of a job.
  const withoutSamples = /^secrets_gateway_(?:shared_failures|job_handovers)_total$/
  const isThere = (name: string): boolean =>
    known.has(name) || withoutSamples.test(name) || (redis === undefined && /^secrets_gateway_(?:shared|replicas)/.test(name))
  for (const { title, expr } of queries) {
    await t.resolves(prometheus.query(expr), `${title}: ${expr}`)
    t.same(metricsIn(expr).filter((name) => !isThere(name)), [], `${title}: each metric exists`)
  }
  for (const { title, expr } of await readDashboardQueries()) {
    if (metricsIn(expr).every((name) => known.has(name))) t.not((await prometheus.query(expr)).length, 0, `${title} shows something: ${expr}`)
  }
  await until(async () => (await prometheus.rules()).every(({ health }) => health === 'ok'), 200)
  t.same((await prometheus.rules()).map(({ name }) => name), alerts.map(({ alert }) => alert))
})
