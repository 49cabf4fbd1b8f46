import type { Client } from 'openapi-fetch'
import type { paths } from './schema.ts'

/** A client that calls the routes in `openapi.yaml` by method and path. Parameters, bodies and replies are typed. */
export type GatewayClient = Client<paths, 'application/json'>
