/**
 * Starts the gateway as Kubernetes would, with manifests that Helm has rendered:
 *
 *     node scripts/check-deployment.ts RENDERED.yaml…
 *
 * Mounts the ConfigMaps and generates the Secrets in a folder, checks the configuration, starts the gateway with the container's
 * variables, requests the probes, runs the image's health check, replaces the ConfigMap and waits until the gateway has read it.
 * Also checks the configuration of deploy/compose.yaml. Exits with 1 at the first failure.
 */
import { execFileSync, spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { isMap, isSeq, parseAllDocuments, parseDocument, type Document, type YAMLMap } from 'yaml'
import { authority, serverPair } from '#test/certificates'
import { freePort } from '#test/free-port'

const root = join(import.meta.dirname, '..')
const mountPoint = '/etc/secrets-gateway'

const certificates = await authority('CN=Deployment')
const serverCertificate = await serverPair(certificates)

/** The contents of the Secrets' files, keyed by file name. */
const secretFiles: Readonly<Record<string, string>> = {
  'tls.crt': serverCertificate.cert,
  'tls.key': serverCertificate.key,
  'ca.crt': certificates.cert,
  'cursor.key': randomBytes(32).toString('base64'),
  'shared.key': randomBytes(32).toString('base64'),
  'audit.pem': generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  'valkey-password': randomBytes(16).toString('hex')
}

/** Writes a Secret's file with the mode that the chart gives it. */
function writeSecret (path: string): void {
  const content = secretFiles[basename(path)]
  if (content === undefined) throw new Error(`The configuration names ${path}, which no Secret has`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  chmodSync(path, 0o440)
}

/** Mounts files as Kubernetes mounts a ConfigMap: as links through `..data`, which is replaced as a whole. */
function mount (folder: string, version: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(folder, version), { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, version, name), text)
    rmSync(join(folder, name), { force: true })
    symlinkSync(join('..data', name), join(folder, name))
  }
  symlinkSync(version, join(folder, '..new'))
  renameSync(join(folder, '..new'), join(folder, '..data'))
}

/** Sends a request without a client certificate, as Kubernetes does, and returns the status of the reply. */
async function ask (url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? requestTls(url, { rejectUnauthorized: false }) : requestPlain(url)
    request.on('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    }).on('error', reject).end()
  })
}

const secretsctl = (args: readonly string[], env: NodeJS.ProcessEnv): string =>
  execFileSync(process.execPath, [join(root, 'src', 'cli', 'secretsctl.ts'), ...args], { env, encoding: 'utf8' })

/** Returns the members of a map whose values are strings. */
const stringsOf = (map: unknown): Record<string, string> =>
  isMap(map) ? Object.fromEntries(map.items.map(({ key, value }) => [String(key), String(value)])) : {}

function only (documents: readonly Document[], kind: string, suffix: string): Document {
  const [found, ...others] = documents.filter((one) => one.get('kind') === kind && String(one.getIn(['metadata', 'name'])).endsWith(suffix))
  if (found === undefined || others.length > 0) throw new Error(`There must be one ${kind} …${suffix}`)
  return found
}

async function checkRendered (file: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'deployment-'))
  const documents = parseAllDocuments(readFileSync(file, 'utf8'), { uniqueKeys: true })
  if (!Array.isArray(documents)) throw new Error(`${file} is empty`)
  const container = only(documents, 'StatefulSet', '').getIn(['spec', 'template', 'spec', 'containers', 0])
  if (!isMap(container)) throw new Error('The StatefulSet has no container')

  const ports: Readonly<Record<string, number>> = { http: await freePort(), metrics: await freePort() }
  const files = stringsOf(only(documents, 'ConfigMap', '-config').get('data'))
  // Only the addresses and the mount paths are replaced, because this machine may already use the original ones.
  const config = parseDocument((files['gateway.yaml'] ?? '').replaceAll(mountPoint, folder))
  config.setIn(['server', 'metrics'], { host: '127.0.0.1', port: ports.metrics })
  if (config.hasIn(['shared', 'url'])) config.setIn(['shared', 'url'], 'rediss://127.0.0.1:1')
  for (const [path] of config.toString().matchAll(new RegExp(`${folder}/(?:secrets|tls)/[^\\s]+`, 'g'))) writeSecret(path)
  mount(join(folder, 'config'), '..1', { 'gateway.yaml': config.toString() })
  mount(join(folder, 'policies'), '..1', stringsOf(only(documents, 'ConfigMap', '-policies').get('data')))
  mkdirSync(join(folder, 'data'))
  const env = {
    PATH: process.env.PATH,
    ...variablesOf(container, folder),
    GATEWAY_RELOAD_SECONDS: '1',
    HOST: '127.0.0.1',
    PORT: String(ports.http)
  }

  console.log(`ok      ${file}: ${secretsctl(['config', 'check', join(folder, 'config', 'gateway.yaml')], env).split('\n', 1).join('')}`)
  const child = spawn(process.execPath, [join(root, 'src', 'server.ts')], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line)
      for (const look of waiting) look()
    })
  }
  const writes = async (text: string): Promise<void> => {
    const found = Promise.withResolvers<undefined>()
    const look = (): void => { if (lines.some((line) => line.includes(text))) found.resolve(undefined) }
    const timer = setTimeout(() => { found.reject(new Error(`The gateway did not write "${text}":\n${lines.join('\n')}`)) }, 30_000)
    waiting.add(look)
    look()
    await found.promise.finally(() => { clearTimeout(timer) })
    waiting.delete(look)
  }
  try {
    await writes('"msg":"listening on ')
    for (const name of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      const probe = container.get(name)
      if (!isMap(probe)) throw new Error(`There is no ${name}`)
      const get = (key: string): string => stringsOf(probe.get('httpGet'))[key] ?? ''
      const url = `${get('scheme').toLowerCase() || 'http'}://127.0.0.1:${ports[get('port')]}${get('path')}`
      const status = await ask(url)
      if (status !== 200) throw new Error(`${name}: ${url} replied with ${status}`)
    }
    execFileSync(process.execPath, [join(root, 'src', 'health-check', 'main.ts')], { env })
    config.setIn(['environments', 'later'], { region: 'us-east-1', credential: firstCredential(config) })
    mount(join(folder, 'config'), '..2', { 'gateway.yaml': config.toString() })
    await writes('the configuration was reloaded')
    console.log(`ok      ${file}: the gateway starts, answers the probes and the health check, and reads a changed ConfigMap`)
  } finally {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  }
}

const firstCredential = (config: Document): string => {
  const credentials = config.get('credentials')
  return isMap(credentials) ? String(credentials.items[0]?.key) : ''
}

/** Returns the container's environment variables, with the paths of its mounts in this machine's folder. */
function variablesOf (container: YAMLMap, folder: string): Record<string, string> {
  const list = container.get('env')
  if (!isSeq(list)) return {}
  return Object.fromEntries(list.items.filter(isMap).map((one) => {
    const value = String(one.get('value'))
    return [String(one.get('name')), value.replaceAll(mountPoint, folder).replace(/^\/data$/, join(folder, 'data'))]
  }))
}

function checkCompose (): void {
  const folder = mkdtempSync(join(tmpdir(), 'compose-'))
  try {
    cpSync(join(root, 'deploy', 'compose'), folder, { recursive: true })
    writeSecret(join(folder, 'keys', 'shared.key'))
    const env = { PATH: process.env.PATH, GATEWAY_DATA_DIR: join(folder, 'data'), AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
    console.log(`ok      deploy/compose: ${secretsctl(['config', 'check', join(folder, 'gateway.yaml')], env).split('\n', 1).join('')}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const rendered = process.argv.slice(2)
if (rendered.length === 0) throw new Error('Specify the files that "helm template" has written')
for (const file of rendered) await checkRendered(file)
checkCompose()
