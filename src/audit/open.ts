import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '#src/problems/problem'
import { fileSink } from './file-sink.ts'
import { loadKey } from './key.ts'
import { standardOutput, UnusableTrail, type AuditSettings } from './settings.ts'
import { standardOutputSink } from './standard-output-sink.ts'
import { openTrail, type Trail, type TrailOptions } from './trail.ts'

/**
 * Opens the trail that the configuration describes.
 *
 * @param dataDir the folder for what the configuration puts nowhere else; made, for its owner alone, where it is needed
 * @throws UnusableTrail
 */
export async function openConfiguredTrail (
  { file, keyFile, durability, patience }: AuditSettings, dataDir: string, options: Pick<TrailOptions, 'now' | 'onControlRecord' | 'onFailure'>
): Promise<Trail> {
  if (file === undefined || keyFile === undefined) makeFolder(dataDir)
  const key = loadKey(keyFile ?? join(dataDir, 'audit-key.pem'), keyFile === undefined)
  const sink = file === standardOutput ? standardOutputSink() : fileSink(file ?? join(dataDir, 'audit.jsonl'), durability, key)
  return openTrail({ ...options, sink, key, patience })
}

function makeFolder (dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new UnusableTrail('GATEWAY_DATA_DIR', `${errorCode(error)} on making ${dataDir}`, 'a folder')
  }
}
