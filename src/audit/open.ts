import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '#src/problems/problem'
import { fileSink } from './file-sink.ts'
import { loadKey } from './key.ts'
import { standardOutput, UnusableTrail, type AuditSettings } from './settings.ts'
import { standardOutputSink } from './standard-output-sink.ts'
import { openTrail, type Trail, type TrailOptions } from './trail.ts'

/**
 * Opens the configured trail.
 *
 * @param dataDir the default folder of the trail and its key; created with mode 0700 if either is stored there
 * @throws UnusableTrail if the file or the key can't be used
 */
export async function openConfiguredTrail (
  { file, keyFile, durability, writeTimeout }: AuditSettings, dataDir: string, options: Pick<TrailOptions, 'now' | 'monotonic' | 'onControlRecord' | 'onFailure'>
): Promise<Trail> {
  if (file === undefined || keyFile === undefined) createFolder(dataDir)
  const key = loadKey(keyFile ?? join(dataDir, 'audit-key.pem'), keyFile === undefined)
  const sink = file === standardOutput ? standardOutputSink() : fileSink(file ?? join(dataDir, 'audit.jsonl'), durability, key)
  return openTrail({ ...options, sink, key, writeTimeout })
}

function createFolder (dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new UnusableTrail('GATEWAY_DATA_DIR', `${errorCode(error)} on making ${dataDir}`, 'a folder')
  }
}
