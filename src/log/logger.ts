import type { LoggerOptions } from 'pino'
import { isoTime } from '#src/clock'

/** The name of this service in the log, unless `OTEL_SERVICE_NAME` sets another name. */
export const defaultService = 'secrets-gateway'

/**
 * Returns the options of the log. Each line is a JSON object with the name of its level, the time in UTC (ISO 8601) and the name
 * of the service, because log collectors recognize these fields by default.
 */
export const loggerOptions = (level: string, service = defaultService): LoggerOptions => ({
  level,
  base: { service },
  formatters: { level: (name) => ({ level: name }) },
  timestamp: () => `,"time":"${isoTime(Date.now())}"`
})
