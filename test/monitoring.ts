import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '..')

export const alertsFile = join(root, 'deploy', 'prometheus', 'alerts.yaml')

/** A rule of deploy/prometheus/alerts.yaml. */
export interface Alert {
  alert: string
  expr: string
  labels: { severity: string }
  annotations: { summary: string, runbook_url: string }
}

interface Panel {
  title: string
  targets?: { expr: string }[]
}

export async function readAlerts (): Promise<Alert[]> {
  const { groups } = parse(await readFile(alertsFile, 'utf8')) as { groups: { rules: Alert[] }[] }
  return groups.flatMap(({ rules }) => rules)
}

/** Returns the names of the alerts that fire in at least one test, and of those that stay quiet in at least one test. */
export async function readAlertTests (): Promise<{ firing: string[], quiet: string[] }> {
  const { tests } = parse(await readFile(alertsFile.replace('.yaml', '.test.yaml'), 'utf8')) as
    { tests: { alert_rule_test: { alertname: string, exp_alerts: unknown[] }[] }[] }
  const all = tests.flatMap(({ alert_rule_test: one }) => one)
  const names = (isFiring: boolean): string[] =>
    all.filter((test) => (test.exp_alerts.length > 0) === isFiring).map(({ alertname }) => alertname)
  return { firing: names(true), quiet: names(false) }
}

/** Returns the queries of the dashboard, each with the title of its panel, as Grafana would send them for the whole job. */
export async function readDashboardQueries (): Promise<{ title: string, expr: string }[]> {
  const { panels } = JSON.parse(await readFile(join(root, 'deploy', 'grafana', 'dashboard.json'), 'utf8')) as { panels: Panel[] }
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({
    title,
    expr: expr.replaceAll('$job', 'secrets-gateway').replaceAll('$instance', '.*').replaceAll('$__rate_interval', '10s')
  })))
}

/** Returns the names of the metrics in a query, without the suffixes of a histogram's series. */
export const metricsIn = (expression: string): string[] =>
  Array.from(expression.matchAll(/\b(?:secrets_gateway|nodejs|process)_\w+/g), ([name]) => name.replace(/_(?:bucket|sum|count)$/, ''))

/** Returns the names of the metrics that docs/metrics.md describes. */
export async function documentedMetrics (): Promise<string[]> {
  const page = await readFile(join(root, 'docs', 'metrics.md'), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `')).map((line) => line.split('|')[1] ?? '')
  return rows.flatMap((cell) => Array.from(cell.matchAll(/`(\w+)`/g), ([, name = '']) => name))
}
