import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { catalogue } from '#src/problems/catalogue'
import { situations } from '#test/faults/situations'
import { groups } from '#test/faults/table'
import { documentedMetrics, metricsIn, readAlerts, readAlertTests, readDashboardQueries } from '#test/monitoring'

const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'runbook.md'), 'utf8')

/** The entries of the runbook, by their headings. */
const entries = new Map(page.split(/^### /m).slice(1).map((text) => {
  const [heading = '', ...lines] = text.split(/^## /m)[0]?.split('\n') ?? []
  return [heading, lines.join('\n')]
}))

/** Returns the first cell of each row of the table under a heading. */
const rowsOf = (heading: string): string[] =>
  Array.from((entries.get(heading) ?? '').matchAll(/^\| (.+?) \| .+ \|$/gm), ([, cell = '']) => cell).filter((cell) => !/^(?:-+|what .*)$/.test(cell))

const alerts = await readAlerts()
const names = alerts.map(({ alert }) => alert)

t.test('each alert has an entry, and each entry about an alert has an alert', async (t) => {
  t.same([...entries.keys()].filter((heading) => heading.startsWith('SecretsGateway')).sort(), [...names].sort())
  for (const { alert, labels, annotations } of alerts) {
    t.equal(annotations.runbook_url, `docs/runbook.md#${alert.toLowerCase()}`)
    t.ok(['critical', 'warning', 'info'].includes(labels.severity), `the severity of ${alert}`)
    t.match(annotations.summary, /\.$/)
    const entry = entries.get(alert) ?? ''
    for (const part of ['It means', 'Callers notice', 'Look at', 'Do']) t.ok(entry.includes(`**${part}**`), `${alert}: ${part}`)
    t.ok(entry.includes(`(${labels.severity})`), `${alert}: its severity`)
  }
})

t.test('the thresholds in the runbook are those of the alerts', async (t) => {
  const thresholds: Readonly<Record<string, readonly [number, string]>> = {
    SecretsGatewayAuditTrailSlow: [0.25, 'takes longer than 250 milliseconds'],
    SecretsGatewayRequestsFail: [0.05, 'more than 5 % of the requests'],
    SecretsGatewayRequestsRefused: [0.2, 'more than a fifth of the requests'],
    SecretsGatewayAwsCallsFail: [0.05, 'more than 5 % of the calls'],
    SecretsGatewayAwsCallsSlow: [5, 'one in a hundred calls with a credential takes longer than five seconds'],
    SecretsGatewayCallsWait: [50, 'more than 50 calls']
  }
  for (const [name, [threshold, text]] of Object.entries(thresholds)) {
    const expr = alerts.find(({ alert }) => alert === name)?.expr ?? ''
    t.equal(Number(/> ([\d.]+)\s*$/.exec(expr)?.[1]), threshold, name)
    t.ok((entries.get(name) ?? '').replaceAll(/\s+/g, ' ').includes(text), `${name}: ${text}`)
  }
})

t.test('each row of docs/reliability.md has a row in the runbook, and vice versa', async (t) => {
  const expected = new Map(Object.values(groups).map(({ title, rows }) => [title, [...new Set(rows.map(({ what }) => what))]]))
  expected.set('Callers, clocks and load', Object.values(situations).map(({ what }) => what))
  t.same([...entries.keys()].filter((heading) => !heading.startsWith('SecretsGateway')).sort(), [...expected.keys()].sort())
  for (const [title, rows] of expected) t.same(rowsOf(title), rows, title)
})

t.test('each alert has a test in which it fires, and one in which it does not', async (t) => {
  const { firing, quiet } = await readAlertTests()
  t.same([...new Set(firing)].sort(), [...names].sort())
  t.same([...new Set(quiet)].sort(), [...names].sort())
})

t.test('alerts and dashboard use only metrics and problem codes that exist', async (t) => {
  const documented = await documentedMetrics()
  const expressions = [...alerts, ...await readDashboardQueries()].map(({ expr }) => expr)
  for (const expr of expressions) t.same(metricsIn(expr).filter((name) => !documented.includes(name)), [], expr)
  const codes = expressions.flatMap((expr) => Array.from(expr.matchAll(/aws_calls_total\{[^}]*result=~"([^"]+)"/g), ([, list = '']) => list.split('|'))).flat()
  t.ok(codes.length > 0)
  for (const code of codes) t.ok(code in catalogue, code)
  t.same(documented.filter((name) => !expressions.some((expr) => metricsIn(expr).includes(name))), [], 'the dashboard shows each metric')
})
