import { resolve } from 'node:path'
import type { LocalMode } from './local-mode.ts'

/**
 * What `npm start` tells a newcomer. The `curl` line works when it is pasted, also where the token itself is not to be shown.
 *
 * @param address where the gateway listens
 * @param showToken whether the token may be printed
 */
export function banner (address: string, { token, tokenFile }: LocalMode, showToken: boolean): string {
  const hidden = tokenFile === undefined ? '$GATEWAY_DEV_TOKEN' : `$(cat '${resolve(tokenFile)}')`
  return `
secrets-gateway in local mode: an embedded Secrets Manager, no AWS.

  API         ${address}
  Swagger UI  ${address}/docs
  Token       ${showToken ? token : hidden}

Try it:

  curl -H "Authorization: Bearer ${showToken ? token : hidden}" ${address}/environments

`
}
