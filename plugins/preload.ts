import fp from 'fastify-plugin'
import { isSecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'

/** Reads the secrets that environments require, at the start and after each reload, so that no caller waits for AWS. */
export default fp(async (fastify) => {
  const { config, log, preload } = fastify

  function start (): void {
    for (const environment of config.current.environments.values()) {
      for (const name of environment.requiredSecrets.filter(isSecretName)) {
        preload(environment, name).catch((error: unknown) => {
          const code = error instanceof Problem ? error.code : 'internal-error'
          log.warn({ environment: environment.name, name, code }, 'a required secret can not be read')
        })
      }
    }
  }

  fastify.addHook('onListen', async () => {
    start()
    // During a reload, the old configuration is still in effect.
    config.derive(() => undefined, () => { setImmediate(start) })
  })
}, { name: 'preload', dependencies: ['config', 'credentials'] })
