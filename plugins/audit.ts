import { isDeepStrictEqual } from 'node:util'
import fp from 'fastify-plugin'
import type { AppOptions } from '#src/app'
import { openConfiguredTrail } from '#src/audit/open'
import { UnusableTrail, type AuditSettings } from '#src/audit/settings'
import type { Trail } from '#src/audit/trail'
import { ConfigError } from '#src/config/issues'
import { trailMetrics } from '#src/metrics/audit'

/** Opens the audit trail, and closes it when the gateway stops. */
export default fp<Required<AppOptions>>(async (fastify, { config, now, monotonic, dataDir }) => {
  const settings = config.current.audit
  const trail = await openTrail()
  fastify.decorate('audit', trail)
  fastify.metrics.add(trailMetrics(trail))
  fastify.addHook('onClose', async () => trail.close())
  config.derive(
    ({ audit }) => { assertSame(audit, settings) },
    () => { trail.reopen() }
  )

  async function openTrail (): Promise<Trail> {
    try {
      return await openConfiguredTrail(settings, dataDir, {
        now,
        monotonic,
        // Logs each control record, because logs are usually shipped to another host. If somebody removes the end of the trail,
        // the copies in the log reveal it.
        onControlRecord (entry, link) {
          fastify.log.info({ audit: { ...entry, ...link } }, 'audit trail')
        },
        onFailure (reason) {
          fastify.log.error({ reason }, 'the audit trail can not be written, and requests are refused')
        }
      })
    } catch (error) {
      throw error instanceof UnusableTrail ? new ConfigError([error.issue]) : error
    }
  }
}, { name: 'audit', dependencies: ['config', 'metrics'] })

/** @throws ConfigError if a reload changes the audit settings, because a running gateway can't switch to another trail */
function assertSame (changed: AuditSettings, settings: AuditSettings): void {
  if (isDeepStrictEqual(changed, settings)) return
  throw new ConfigError([{ key: 'audit', found: 'a change', expected: 'the same as at the start: a change requires a restart' }])
}
