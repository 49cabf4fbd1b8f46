import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { serve } from './contest.ts'

const token = 'token-of-the-agent'
const port = 27_731

/** The read of a secret from the agent. */
export const agentRequest = { path: '/secretsmanager/get?secretId=dev/payments', headers: { 'X-Aws-Parameters-Secrets-Token': token } }

/** The microseconds in a clock tick, the unit in `/proc` (100 ticks a second on Linux). */
const tick = 10_000

/**
 * Starts AWS's agent in front of an endpoint of Secrets Manager, and serves its address and CPU time to the parent process.
 *
 * @param program the path of the agent
 * @param settings the path for the agent's configuration
 */
export async function serveAgent (
  program: string, settings: string, endpoint: string, account: { accessKeyId: string, secretAccessKey: string }
): Promise<void> {
  const lines = [
    'log_level = "ERROR"', 'log_to_file = false', `http_port = ${port}`, 'region = "eu-west-1"', 'validate_credentials = false'
  ]
  await writeFile(settings, lines.join('\n'))
  const { pid, stdout } = spawn(program, ['--config', settings], {
    env: {
      AWS_TOKEN: token,
      AWS_ACCESS_KEY_ID: account.accessKeyId,
      AWS_SECRET_ACCESS_KEY: account.secretAccessKey,
      AWS_ENDPOINT_URL: endpoint
    },
    stdio: ['ignore', 'pipe', 'inherit']
  }).once('exit', () => { process.exit(1) })
  process.once('exit', () => { if (pid !== undefined) process.kill(pid) })
  await once(stdout, 'data')
  serve(`http://127.0.0.1:${port}`, () => {
    // The second field is the name in parentheses. The CPU time is in the 14th and the 15th field.
    const fields = readFileSync(`/proc/${pid ?? ''}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
    return (Number(fields[11]) + Number(fields[12])) * tick
  })
}
