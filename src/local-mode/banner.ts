import { resolve } from 'node:path'
import type { LocalMode } from './local-mode.ts'

/**
 * Returns the text that `npm start` prints in local mode. The `curl` command in it works when pasted, even if the text does not
 * contain the token.
 *
 * @param address the URL that the gateway listens on
 * @param showToken true if the token may be printed
 */
export function banner (address: string, { token, tokenFile }: LocalMode, showToken: boolean): string {
  const hidden = tokenFile === undefined ? '$GATEWAY_DEV_TOKEN' : `$(cat '${resolve(tokenFile)}')`
  return `
secrets-gateway in local mode: an embedded Secrets Manager, no AWS.

  Console     ${address}
  Swagger UI  ${address}/docs
  Token       ${showToken ? token : hidden}

Try it:

  curl -H "Authorization: Bearer ${showToken ? token : hidden}" ${address}/environments

`
}
